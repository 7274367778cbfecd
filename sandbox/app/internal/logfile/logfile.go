// Package logfile is an append-only log of bounded size: when it is full it becomes <path>.1 and a new one begins.
package logfile

import (
	"os"
	"path/filepath"
	"sync"
)

// DefaultLimit bounds one log to twice this many bytes on disk: the current file and the one before it.
const DefaultLimit = 8 << 20

// File writes whole lines; it is safe for concurrent use.
type File struct {
	mu    sync.Mutex
	path  string
	limit int64
	file  *os.File
	size  int64
}

// Open appends to the log at path and makes its folder. An empty path is standard output, which is never rotated.
func Open(path string, limit int64) (*File, error) {
	if path == "" {
		return &File{file: os.Stdout}, nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, err
	}
	log := &File{path: path, limit: limit}
	return log, log.reopen()
}

func (l *File) reopen() error {
	file, err := os.OpenFile(l.path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	info, err := file.Stat()
	if err != nil {
		file.Close()
		return err
	}
	l.file, l.size = file, info.Size()
	return nil
}

// Write appends one line; it rotates first when the line would not fit.
func (l *File) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.path != "" && l.size > 0 && l.size+int64(len(line)) > l.limit {
		if err := l.rotate(); err != nil {
			return 0, err
		}
	}
	n, err := l.file.Write(line)
	l.size += int64(n)
	return n, err
}

func (l *File) rotate() error {
	if err := os.Rename(l.path, l.path+".1"); err != nil {
		return err
	}
	full := l.file
	if err := l.reopen(); err != nil {
		return err
	}
	return full.Close()
}

// Close ends the log; standard output stays open.
func (l *File) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.path == "" {
		return nil
	}
	return l.file.Close()
}
