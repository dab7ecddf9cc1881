package xmlrpc

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"strings"
)

// DecodeCall reads a call. There are no params where it has none. The text of
// the error can be shown to the client.
//
// The method's name is given as it was sent, even if it has characters that the
// specification does not allow: there is no such method.
func (c *Codec) DecodeCall(body []byte) (method string, params []any, err error) {
	if len(body) > c.maxSize() {
		return "", nil, fmt.Errorf("%w of %d bytes", ErrLimit, c.maxSize())
	}
	r := reader{codec: c, tokens: tokens(body)}
	method, params, err = r.call()
	if err != nil {
		return "", nil, err
	}
	return method, params, nil
}

// A reader descends into a call, element by element. Each method that is named
// after one begins behind its start tag and ends behind its end tag.
//
// It asks for raw tokens and matches the end tags itself, as encoding/xml would
// keep every open element on a stack and look up every name's space.
type reader struct {
	codec  *Codec
	tokens *xml.Decoder
	begun  bool   // a token has been read
	values int    // read so far
	buf    []byte // the text before the last tag
}

func (r *reader) call() (method string, params []any, err error) {
	if err = r.start("", "methodCall"); err != nil {
		return "", nil, err
	}
	if method, err = r.methodName(); err != nil {
		return "", nil, err
	}
	t, err := r.tag("methodCall")
	if err != nil {
		return "", nil, err
	}
	if t == start("params") {
		if params, err = r.params(); err != nil {
			return "", nil, err
		}
		if t, err = r.tag("methodCall"); err != nil {
			return "", nil, err
		}
	}
	if err = t.want("methodCall", end("methodCall")); err != nil {
		return "", nil, err
	}
	if t, err = r.tag(""); err == nil && t != (tag{}) {
		err = refuse("%s after the end of the call", t)
	}
	return method, params, err
}

func (r *reader) methodName() (string, error) {
	if err := r.start("methodCall", "methodName"); err != nil {
		return "", err
	}
	name, err := r.string("methodName")
	switch {
	case err != nil:
		return "", err
	case name == "":
		return "", refuse("<methodName>: it is empty")
	case len(name) > maxName:
		return "", fmt.Errorf("%w of %d bytes in a method's name", ErrLimit, maxName)
	}
	return name, nil
}

func (r *reader) params() (params []any, err error) {
	for {
		more, err := r.another("params", "param")
		if !more || err != nil {
			return params, err
		}
		if err := r.start("param", "value"); err != nil {
			return nil, err
		}
		v, err := r.value(0)
		if err != nil {
			return nil, err
		}
		if err := r.end("param"); err != nil {
			return nil, err
		}
		params = append(params, v)
	}
}

// value reads a value that is in as many arrays and structs.
func (r *reader) value(depth int) (any, error) {
	if r.values++; r.values > r.codec.maxValues() {
		return nil, fmt.Errorf("%w of %d values", ErrLimit, r.codec.maxValues())
	}
	t, err := r.text()
	if err != nil {
		return nil, err
	}
	if t == end("value") {
		return string(r.buf), nil
	}
	if t.kind != isStart {
		return nil, t.want("value", end("value"))
	}
	if err := r.blank("value"); err != nil {
		return nil, err
	}
	v, err := r.typed(t.name, depth)
	if err != nil {
		return nil, err
	}
	return v, r.end("value")
}

func (r *reader) typed(name string, depth int) (any, error) {
	switch name {
	case "array", "struct":
		if err := r.codec.overDepth(depth + 1); err != nil {
			return nil, err
		}
		if name == "array" {
			return r.array(depth + 1)
		}
		return r.members(depth + 1)
	}
	parse := r.codec.scalar(name)
	if parse == nil {
		return nil, refuse("there is no type <%s>", short(name))
	}
	s, err := r.string(name)
	if err != nil {
		return nil, err
	}
	v, wrong := parse(s)
	if wrong != "" {
		return nil, refuse("<%s>: %s %s", name, quote(s), wrong)
	}
	return v, nil
}

func (r *reader) array(depth int) ([]any, error) {
	if err := r.start("array", "data"); err != nil {
		return nil, err
	}
	list := []any{}
	for {
		more, err := r.another("data", "value")
		if err != nil {
			return nil, err
		}
		if !more {
			return list, r.end("array")
		}
		v, err := r.value(depth)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
}

func (r *reader) members(depth int) (map[string]any, error) {
	members := make(map[string]any)
	for {
		more, err := r.another("struct", "member")
		if !more || err != nil {
			return members, err
		}
		if err := r.start("member", "name"); err != nil {
			return nil, err
		}
		name, err := r.string("name")
		if err != nil {
			return nil, err
		}
		if _, twice := members[name]; twice {
			return nil, refuse("<struct>: two members are named %s", quote(name))
		}
		if err := r.start("member", "value"); err != nil {
			return nil, err
		}
		if members[name], err = r.value(depth); err != nil {
			return nil, err
		}
		if err := r.end("member"); err != nil {
			return nil, err
		}
	}
}

// string reads the text of an element that has nothing else.
func (r *reader) string(name string) (string, error) {
	t, err := r.text()
	if err != nil {
		return "", err
	}
	return string(r.buf), t.want(name, end(name))
}

// start reads the start tag that must come next in an element.
func (r *reader) start(in, name string) error {
	t, err := r.tag(in)
	if err != nil {
		return err
	}
	return t.want(in, start(name))
}

func (r *reader) end(name string) error {
	t, err := r.tag(name)
	if err != nil {
		return err
	}
	return t.want(name, end(name))
}

// another reads the start tag of another of the elements that a list is made
// of, or the list's end.
func (r *reader) another(list, name string) (bool, error) {
	t, err := r.tag(list)
	if err != nil || t == end(list) {
		return false, err
	}
	return true, t.want(list, start(name))
}

// tag reads the next tag in an element where text has no place.
func (r *reader) tag(in string) (tag, error) {
	t, err := r.text()
	if err != nil {
		return tag{}, err
	}
	return t, r.blank(in)
}

// blank returns an error if there was text before the last tag.
func (r *reader) blank(in string) error {
	if text := bytes.Trim(r.buf, space); len(text) > 0 {
		return refuse("%stext where none belongs: %s", within(in), quote(string(text)))
	}
	return nil
}

// within begins the text of an error.
func within(in string) string {
	if in == "" {
		return ""
	}
	return "<" + in + ">: "
}

// space is what XML takes for white space.
const space = " \t\r\n"

func trim(s string) string { return strings.Trim(s, space) }
