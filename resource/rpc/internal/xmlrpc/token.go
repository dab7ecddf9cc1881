package xmlrpc

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
)

// A tag is a start tag, an end tag, or the zero value where the call ends. Its
// name has its prefix, whatever that is bound to; attributes are passed over.
type tag struct {
	kind tagKind
	name string
}

type tagKind byte

const (
	isStart tagKind = iota + 1
	isEnd
)

func start(name string) tag { return tag{isStart, name} }
func end(name string) tag   { return tag{isEnd, name} }

func (t tag) String() string {
	switch t.kind {
	case isStart:
		return "<" + short(t.name) + ">"
	case isEnd:
		return "</" + short(t.name) + ">"
	}
	return "the end"
}

// want returns an error if the tag is another.
func (t tag) want(in string, other tag) error {
	if t == other {
		return nil
	}
	return refuse("%s%s expected, not %s", within(in), other, t)
}

// tokens returns a tokenizer of the call, whatever its encoding.
func tokens(body []byte) *xml.Decoder {
	read := charset
	if text, is := fromUTF16(body); is {
		body, read = text, asItIs
	}
	d := xml.NewDecoder(bytes.NewReader(bytes.TrimPrefix(body, []byte("\ufeff"))))
	d.CharsetReader = read
	return d
}

// text reads on to the next tag and leaves in buf the text before it: without
// comments, CDATA sections and references resolved.
func (r *reader) text() (tag, error) {
	r.buf = r.buf[:0]
	for {
		token, err := r.tokens.RawToken()
		if err == io.EOF {
			return tag{}, nil
		}
		if err != nil {
			return tag{}, unreadable(err)
		}
		first := !r.begun
		r.begun = true
		switch token := token.(type) {
		case xml.StartElement:
			return start(full(token.Name)), nil
		case xml.EndElement:
			return end(full(token.Name)), nil
		case xml.CharData:
			r.buf = append(r.buf, token...)
		case xml.Directive:
			return tag{}, refuse("a DTD is not read")
		case xml.ProcInst:
			if !first || token.Target != "xml" {
				return tag{}, refuse("a processing instruction is not read: <?%s?>", short(token.Target))
			}
		}
	}
}

func full(name xml.Name) string {
	if name.Space == "" {
		return name.Local
	}
	return name.Space + ":" + name.Local
}

// unreadable makes an error of the tokenizer fit to be shown: some quote the
// call at length.
func unreadable(err error) error {
	if own, ok := errors.AsType[refusal](err); ok {
		return own
	}
	text := strings.TrimPrefix(err.Error(), "xml: ")
	if wrong, ok := errors.AsType[*xml.SyntaxError](err); ok {
		text = fmt.Sprintf("line %d: %s", wrong.Line, wrong.Msg)
	}
	return refusal(legible(cut(text, 100)))
}
