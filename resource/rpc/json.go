package rpc

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
)

// limits is what is left of how much a request may have.
type limits struct{ depth, values int }

// readJSON reads a neutral value, and no more than the limits allow.
func readJSON(text []byte, l limits) (any, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	v, err := readToken(d, l.depth, &l.values)
	if err != nil {
		return nil, err
	}
	if d.More() {
		return nil, errors.New("there is more after the value")
	}
	return v, nil
}

func readToken(d *json.Decoder, depth int, values *int) (any, error) {
	token, err := d.Token()
	if err != nil {
		return nil, err
	}
	if *values--; *values < 0 {
		return nil, errors.New("there are too many values")
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
		if depth--; depth < 0 {
			return nil, errors.New("it is nested too deeply")
		}
		if token == '[' {
			list := []any{}
			for d.More() {
				v, err := readToken(d, depth, values)
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
			v, err := readToken(d, depth, values)
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
