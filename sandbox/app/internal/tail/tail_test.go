package tail

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"gray.local/app/internal/logfile"
)

type recorder struct{ lines []string }

func (r *recorder) emit(line []byte) { r.lines = append(r.lines, string(line)) }

func follow(t *testing.T) (path string, follower *Follower, seen *recorder) {
	path = filepath.Join(t.TempDir(), "app.log")
	seen = &recorder{}
	return path, New(path, seen.emit), seen
}

func write(t *testing.T, path, text string) {
	t.Helper()
	file, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if _, err := file.WriteString(text); err != nil {
		t.Fatal(err)
	}
}

func poll(t *testing.T, follower *Follower) {
	t.Helper()
	if err := follower.Poll(); err != nil {
		t.Fatal(err)
	}
}

func expect(t *testing.T, seen *recorder, lines ...string) {
	t.Helper()
	if !slices.Equal(seen.lines, lines) {
		t.Fatalf("expected %q, got %q", lines, seen.lines)
	}
}

func TestWaitsForAFileThatComesLate(t *testing.T) {
	path, follower, seen := follow(t)
	poll(t, follower)
	write(t, path, "one\n")
	poll(t, follower)
	expect(t, seen, "one")
}

func TestHoldsALineBackUntilItIsWhole(t *testing.T) {
	path, follower, seen := follow(t)
	write(t, path, "one\ntw")
	poll(t, follower)
	expect(t, seen, "one")
	write(t, path, "o\n")
	poll(t, follower)
	expect(t, seen, "one", "two")
}

func TestReadsTheRestOfAFileThatWasMovedAsideBeforeTheNewOne(t *testing.T) {
	path, follower, seen := follow(t)
	write(t, path, "one\n")
	poll(t, follower)
	write(t, path, "two\n")
	if err := os.Rename(path, path+".1"); err != nil {
		t.Fatal(err)
	}
	poll(t, follower)
	write(t, path, "three\n")
	poll(t, follower)
	expect(t, seen, "one", "two", "three")
}

func TestBeginsAgainAfterTruncation(t *testing.T) {
	path, follower, seen := follow(t)
	write(t, path, "a long first line\n")
	poll(t, follower)
	if err := os.Truncate(path, 0); err != nil {
		t.Fatal(err)
	}
	write(t, path, "two\n")
	poll(t, follower)
	expect(t, seen, "a long first line", "two")
}

func TestFlushesALastLineWithoutNewlineAtTheEnd(t *testing.T) {
	path, follower, seen := follow(t)
	write(t, path, "one\nlast")
	ended, end := context.WithCancel(context.Background())
	end()
	if err := follower.Run(ended, time.Hour); err != nil {
		t.Fatal(err)
	}
	expect(t, seen, "one", "last")
}

func TestLosesNothingOfALogThatRotates(t *testing.T) {
	path, follower, seen := follow(t)
	const limit = 64 // a rotation every few lines
	log, err := logfile.Open(path, limit)
	if err != nil {
		t.Fatal(err)
	}
	var written []string
	for n := range 200 {
		line := fmt.Sprintf("line %d", n)
		written = append(written, line)
		if _, err := log.Write([]byte(line + "\n")); err != nil {
			t.Fatal(err)
		}
		poll(t, follower)
	}
	expect(t, seen, written...)
	for _, file := range []string{path, path + ".1"} {
		info, err := os.Stat(file)
		if err != nil {
			t.Fatal(err)
		}
		if info.Size() > limit {
			t.Fatalf("%s has %d bytes, more than the limit of %d", file, info.Size(), limit)
		}
	}
}
