package xmlrpc

import (
	"bytes"
	"encoding/binary"
	"io"
	"slices"
	"strings"
	"unicode/utf16"
)

// charset gives in UTF-8 what is left of a call that is declared to be in
// another encoding.
func charset(label string, r io.Reader) (io.Reader, error) {
	ascii := false
	switch strings.ToLower(label) {
	case "utf8":
		return r, nil
	case "us-ascii", "ascii":
		ascii = true
	case "iso-8859-1", "iso8859-1", "latin1":
	default:
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

// asItIs is for what is UTF-8 by now, whatever is declared.
func asItIs(_ string, r io.Reader) (io.Reader, error) { return r, nil }

// fromUTF16 returns in UTF-8 what is in UTF-16, which begins with a byte order mark
// and which whoever reads XML has to know (XML 1.0 4.3.3).
func fromUTF16(body []byte) (text []byte, is bool) {
	var order binary.ByteOrder
	switch {
	case len(body)%2 != 0:
		return nil, false
	case bytes.HasPrefix(body, []byte{0xfe, 0xff}):
		order = binary.BigEndian
	case bytes.HasPrefix(body, []byte{0xff, 0xfe}):
		order = binary.LittleEndian
	default:
		return nil, false
	}
	units := make([]uint16, len(body)/2-1)
	for i := range units {
		units[i] = order.Uint16(body[2*i+2:])
	}
	runes := utf16.Decode(units)
	if !slices.Equal(utf16.Encode(runes), units) {
		return nil, false // half a pair stands for nothing
	}
	return []byte(string(runes)), true
}
