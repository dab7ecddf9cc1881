package session

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
)

// id is what a session is found by: 128 bits from the operating system's
// generator (OWASP asks for 64 of entropy at least). It is text only on the
// wire and in the uid that users see.
type id [16]byte

// encoding is how an id is written, in uidLen letters. There is one spelling of
// each id.
var encoding = base64.RawURLEncoding

const uidLen = 22

func newID() (v id) {
	_, _ = rand.Read(v[:]) // never fails: the process is ended instead
	return v
}

func (v id) String() string {
	var text [uidLen]byte
	encoding.Encode(text[:], v[:])
	return string(text[:])
}

// digits gives the value of each letter of the encoding, and 0xff for what is
// none.
var digits = func() (t [256]byte) {
	for i := range t {
		t[i] = 0xff
	}
	for i, c := range []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") {
		t[c] = byte(i)
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
	var bad byte
	for i := 0; i < 5; i++ {
		t := text[4*i : 4*i+4 : 4*i+4]
		a, b, c, d := digits[t[0]], digits[t[1]], digits[t[2]], digits[t[3]]
		bad |= a | b | c | d
		v[3*i], v[3*i+1], v[3*i+2] = a<<2|b>>4, b<<4|c>>2, c<<6|d
	}
	a, b := digits[text[20]], digits[text[21]]
	v[15] = a<<2 | b>>4
	return v, (bad|a|b)&0x80 == 0 && b&0xf == 0
}

func (v id) halves() (hi, lo uint64) {
	return binary.BigEndian.Uint64(v[:8]), binary.BigEndian.Uint64(v[8:])
}

func idOf(hi, lo uint64) (v id) {
	binary.BigEndian.PutUint64(v[:8], hi)
	binary.BigEndian.PutUint64(v[8:], lo)
	return v
}
