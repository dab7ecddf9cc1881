package loopback

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
)

// A reader reads just enough of an HTTP/1.1 response to know that it was good
// and where it ends.
type reader struct{ from *bufio.Reader }

func newReader(from io.Reader) *reader { return &reader{bufio.NewReader(from)} }

var (
	httpVersion   = []byte("HTTP/1.1 ")
	contentLength = []byte("Content-Length")
)

// skip reads one response. It is an error unless that has a status of 200 to 299
// and a Content-Length.
func (r *reader) skip() error {
	line, err := r.line()
	if err != nil {
		return err
	}
	status, ok := bytes.CutPrefix(line, httpVersion)
	if !ok || len(status) < 3 {
		return fmt.Errorf("it begins with %q", line)
	}
	if status[0] != '2' {
		return fmt.Errorf("status %q", status)
	}
	length := -1
	for {
		line, err := r.line()
		if err != nil {
			return err
		}
		if len(line) == 0 {
			break
		}
		key, value, ok := bytes.Cut(line, []byte{':'})
		if !ok {
			return fmt.Errorf("header line %q", line)
		}
		if len(key) != len(contentLength) || !bytes.EqualFold(key, contentLength) {
			continue
		}
		if length, err = strconv.Atoi(string(bytes.TrimSpace(value))); err != nil || length < 0 {
			return fmt.Errorf("header line %q", line)
		}
	}
	if length < 0 {
		return errors.New("it has no Content-Length")
	}
	if _, err := r.from.Discard(length); err != nil {
		return cut(err)
	}
	return nil
}

// line returns the next line without its end; it is overwritten by the next.
func (r *reader) line() ([]byte, error) {
	line, err := r.from.ReadSlice('\n')
	if err != nil {
		return nil, cut(err)
	}
	return bytes.TrimRight(line, "\r\n"), nil
}

// cut says what the end of a connection means inside of a response.
func cut(err error) error {
	if errors.Is(err, io.EOF) {
		return fmt.Errorf("the server has closed the connection: %w", io.ErrUnexpectedEOF)
	}
	return err
}
