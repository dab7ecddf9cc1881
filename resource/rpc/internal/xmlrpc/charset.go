package xmlrpc

import (
	"bytes"
	"io"
	"strings"
)

// charset gives in UTF-8 what is left of a call that is declared to be in
// another encoding.
func charset(label string, r io.Reader) (io.Reader, error) {
	ascii := strings.EqualFold(label, "us-ascii")
	if !ascii && !strings.EqualFold(label, "iso-8859-1") {
		return nil, refuse("the encoding %s is not read", quote(label))
	}
	rest, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	text := new(bytes.Buffer)
	text.Grow(len(rest))
	for _, b := range rest {
		if ascii && b >= 0x80 {
			return nil, refuse("the byte %#x is not US-ASCII", b)
		}
		text.WriteRune(rune(b)) // Latin-1 is how Unicode begins
	}
	return text, nil
}
