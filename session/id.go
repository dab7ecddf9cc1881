package session

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
)

// id is what a session is found by: 128 bits from the operating system's
// generator (OWASP asks for 64 of entropy at least). It is text only on the
// wire and in the uid that users see.
type id struct{ hi, lo uint64 }

// encoding is how an id is written, in uidLen letters. There is one spelling of
// each id.
var encoding = base64.RawURLEncoding

const uidLen = 22

func newID() id {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails: the process is ended instead
	return id{binary.BigEndian.Uint64(b[:8]), binary.BigEndian.Uint64(b[8:])}
}

func (v id) String() string {
	var b [16]byte
	binary.BigEndian.PutUint64(b[:8], v.hi)
	binary.BigEndian.PutUint64(b[8:], v.lo)
	var text [uidLen]byte
	encoding.Encode(text[:], b[:])
	return string(text[:])
}

// digits gives the value of each letter of the encoding, and 0xff for what is
// none.
var digits = func() (t [256]uint8) {
	for i := range t {
		t[i] = 0xff
	}
	for i, c := range []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") {
		t[c] = uint8(i)
	}
	return t
}()

// parseID reads an id from text that may come from anywhere. Every request with
// a session passes here, so it reads the 22 letters itself, which takes half as
// long as encoding does.
func parseID(text []byte) (v id, ok bool) {
	if len(text) != uidLen {
		return v, false
	}
	var bad uint8
	for i := range 10 {
		a, b := digits[text[i]], digits[text[11+i]]
		bad |= a | b
		v.hi = v.hi<<6 | uint64(a)
		v.lo = v.lo<<6 | uint64(b)
	}
	// The eleventh letter is the last four bits of one half and the first two of
	// the other, the last one ends with four that are not there.
	a, b := digits[text[10]], digits[text[21]]
	v.hi = v.hi<<4 | uint64(a>>2)
	v.lo = uint64(a)<<62 | v.lo<<2 | uint64(b>>4)
	return v, (bad|a|b)&0x80 == 0 && b&0xf == 0
}
