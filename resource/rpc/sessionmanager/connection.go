package sessionmanager

import (
	"fmt"
	"os"
	"path/filepath"
)

// WriteConnectionFile writes the URL on a line of a file, by which programs of the
// same user find the Runtime. Nobody else can read it. One that is there already,
// left behind perhaps, is replaced. The function that it returns removes the file,
// unless another has replaced it since.
func WriteConnectionFile(path, url string) (remove func() error, err error) {
	text := url + "\n"
	f, err := os.CreateTemp(filepath.Dir(path), ".connection-*") // mode 0600
	if err == nil {
		_, err = f.WriteString(text)
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
		return nil, fmt.Errorf("sessionmanager: the connection file: %w", err)
	}
	return func() error {
		if now, err := os.ReadFile(path); err != nil || string(now) != text {
			return err
		}
		return os.Remove(path)
	}, nil
}
