// Package tail follows a growing file as a log agent must: it waits for the file to appear, and goes on through rotation
// (by rename or by truncation) without losing or repeating a line.
package tail

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"time"
)

// Follower reads whole lines of one file.
type Follower struct {
	path    string
	emit    func(line []byte)
	file    *os.File
	offset  int64
	partial []byte
}

// New makes a follower of path that hands each line, without its newline, to emit.
func New(path string, emit func(line []byte)) *Follower { return &Follower{path: path, emit: emit} }

// Run polls until ctx ends, then reads what is left to the last byte, a last line without newline included.
func (f *Follower) Run(ctx context.Context, interval time.Duration) error {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		if err := f.Poll(); err != nil {
			return err
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			if err := f.Poll(); err != nil {
				return err
			}
			f.flush()
			return nil
		}
	}
}

// Poll reads everything that is there now. A missing file is not an error: it may come, or come back.
//
//  1. The open file is read to its end first, so that a file moved aside loses nothing.
//  2. If it is shorter than what was read, it was truncated: it is read again from the start.
//  3. If the path now names another file, that one is followed from its start.
func (f *Follower) Poll() error {
	for {
		if f.file == nil {
			file, err := os.Open(f.path)
			if errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			if err != nil {
				return err
			}
			f.file, f.offset = file, 0
		}
		moved, err := f.moved()
		if err != nil {
			return err
		}
		// What "moved" saw is settled before this read, so nothing can be written to the old file after it but by a
		// writer that still holds it; reading after looking is what makes rotation lossless.
		if err := f.drain(); err != nil {
			return err
		}
		if !moved {
			return nil
		}
		f.flush()
		f.file.Close()
		f.file = nil
	}
}

func (f *Follower) moved() (bool, error) {
	now, err := os.Stat(f.path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil // between rename and create: keep the old file until the new one is there
	}
	if err != nil {
		return false, err
	}
	open, err := f.file.Stat()
	if err != nil {
		return false, err
	}
	return !os.SameFile(now, open), nil
}

func (f *Follower) drain() error {
	info, err := f.file.Stat()
	if err != nil {
		return err
	}
	if info.Size() < f.offset {
		f.partial, f.offset = nil, 0
	}
	chunk := make([]byte, 64<<10)
	for {
		n, err := f.file.ReadAt(chunk, f.offset)
		f.offset += int64(n)
		f.split(chunk[:n])
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (f *Follower) split(data []byte) {
	f.partial = append(f.partial, data...)
	for {
		line, rest, found := bytes.Cut(f.partial, []byte("\n"))
		if !found {
			return
		}
		f.emit(line)
		f.partial = rest
	}
}

func (f *Follower) flush() {
	if len(f.partial) > 0 {
		f.emit(f.partial)
		f.partial = nil
	}
}
