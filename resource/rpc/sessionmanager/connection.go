package sessionmanager

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// WriteConnectionFile writes the URL on a line of a file, by which programs of the
// same user find the Runtime. Nobody else can read it. One that is there already,
// left behind perhaps, is replaced. The function that it returns removes the file,
// unless somebody has replaced or changed it since.
func WriteConnectionFile(path, url string) (remove func() error, err error) {
	text := url + "\n"
	var ours os.FileInfo
	f, err := os.CreateTemp(filepath.Dir(path), ".connection-*") // mode 0600
	if err == nil {
		_, err = f.WriteString(text)
		if err == nil {
			ours, err = f.Stat()
		}
		if e := f.Close(); err == nil {
			err = e
		}
		if err == nil {
			err = os.Rename(f.Name(), path) // nobody ever sees half of it
		}
		if err != nil {
			_ = os.Remove(f.Name())
		}
	}
	if err != nil {
		return nil, fmt.Errorf("sessionmanager: the connection file %s: %w", path, err)
	}
	return func() error {
		now, err := os.Lstat(path)
		if err == nil && os.SameFile(now, ours) {
			var said []byte
			if said, err = os.ReadFile(path); err == nil && string(said) == text {
				err = os.Remove(path)
			}
		}
		if err == nil || errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return fmt.Errorf("sessionmanager: the connection file %s: %w", path, err)
	}, nil
}
