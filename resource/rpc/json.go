package rpc

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
)

// limits is how deeply what a request has may be nested, and how many values there
// may yet be.
type limits struct {
	depth  int
	values *int
}

func newLimits(depth, values int) limits { return limits{depth, &values} }

// take counts a value.
func (l limits) take() error {
	if *l.values--; *l.values < 0 {
		return errors.New("there are too many values")
	}
	return nil
}

// readJSON reads a neutral value, and no more than the limits allow.
func readJSON(text []byte, l limits) (any, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	v, err := l.read(d)
	if err != nil {
		return nil, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("there is more after the value")
	}
	return v, nil
}

func (l limits) read(d *json.Decoder) (any, error) {
	token, err := d.Token()
	if err != nil {
		return nil, err
	}
	if err := l.take(); err != nil {
		return nil, err
	}
	switch token := token.(type) {
	case json.Number:
		if n, err := strconv.ParseInt(string(token), 10, 64); err == nil {
			return n, nil
		}
		n, err := strconv.ParseFloat(string(token), 64)
		if err != nil {
			return nil, fmt.Errorf("%.40s is too large", string(token))
		}
		return n, nil
	case json.Delim:
		if l.depth--; l.depth < 0 {
			return nil, errors.New("it is nested too deeply")
		}
		if token == '[' {
			list := []any{}
			for d.More() {
				v, err := l.read(d)
				if err != nil {
					return nil, err
				}
				list = append(list, v)
			}
			_, err := d.Token()
			return list, err
		}
		m := make(map[string]any)
		for d.More() {
			name, err := d.Token()
			if err != nil {
				return nil, err
			}
			v, err := l.read(d)
			if err != nil {
				return nil, err
			}
			m[name.(string)] = v
		}
		_, err := d.Token()
		return m, err
	}
	return token, nil // nil, bool, string
}
