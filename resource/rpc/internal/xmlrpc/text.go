package xmlrpc

import (
	"strings"
	"unicode/utf8"
)

// appendText writes text, of which nothing is taken for markup and every
// character is read again. A carriage return is written as a reference, as a
// reader of XML makes a newline of it otherwise.
func appendText(b []byte, s string) ([]byte, error) {
	done := 0
	for i := 0; i < len(s); {
		r, size := rune(s[i]), 1
		if r >= utf8.RuneSelf {
			r, size = utf8.DecodeRuneInString(s[i:])
		}
		var ref string
		switch {
		case r == '&':
			ref = "&amp;"
		case r == '<':
			ref = "&lt;"
		case r == '>':
			ref = "&gt;"
		case r == '\r':
			ref = "&#xD;"
		case r == utf8.RuneError && size == 1:
			return nil, refuse("a string has bytes that are not UTF-8")
		case !allowed(r):
			return nil, refuse("a string has a character that XML cannot have (%U)", r)
		}
		if ref != "" {
			b = append(append(b, s[done:i]...), ref...)
			done = i + size
		}
		i += size
	}
	return append(b, s[done:]...), nil
}

// legible returns text with U+FFFD for all that XML cannot have.
func legible(s string) string {
	return strings.Map(func(r rune) rune {
		if !allowed(r) {
			return utf8.RuneError
		}
		return r
	}, s)
}

// allowed reports whether XML 1.0 can have the character (its section 2.2).
// Surrogates never come out of UTF-8.
func allowed(r rune) bool {
	return r >= ' ' && r != 0xfffe && r != 0xffff || r == '\t' || r == '\n' || r == '\r'
}
