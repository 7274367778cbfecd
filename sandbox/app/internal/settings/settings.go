// Package settings reads the sample programs' configuration files: one key=value a line, # starts a comment.
package settings

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"strings"
)

// Read returns the settings of the file at path; later lines win.
func Read(path string) (map[string]string, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	values, err := Parse(file)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return values, nil
}

// Parse reads settings from text. An error names the line.
func Parse(text io.Reader) (map[string]string, error) {
	values := map[string]string{}
	lines := bufio.NewScanner(text)
	for number := 1; lines.Scan(); number++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		key, value, found := strings.Cut(line, "=")
		if key = strings.TrimSpace(key); !found || key == "" {
			return nil, fmt.Errorf("line %d: expected key=value, found %q", number, line)
		}
		values[key] = strings.TrimSpace(value)
	}
	return values, lines.Err()
}
