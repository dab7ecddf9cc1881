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

// encoding accepts one spelling of each id only.
var encoding = base64.RawURLEncoding.Strict()

// uidLen is the length of an id as text.
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

// parseID reads an id from text that may come from anywhere.
func parseID(text []byte) (v id, ok bool) {
	if len(text) != uidLen {
		return v, false
	}
	for _, c := range text {
		if c < '-' { // the decoder passes over line ends
			return v, false
		}
	}
	_, err := encoding.Decode(v[:], text)
	return v, err == nil
}

func (v id) halves() (hi, lo uint64) {
	return binary.BigEndian.Uint64(v[:8]), binary.BigEndian.Uint64(v[8:])
}

func idOf(hi, lo uint64) (v id) {
	binary.BigEndian.PutUint64(v[:8], hi)
	binary.BigEndian.PutUint64(v[8:], lo)
	return v
}

// hash is the table's hash of an id: it is random already, and one that a
// client made up is only ever looked for, never stored.
func (v id) hash(uint64) uint64 { return binary.LittleEndian.Uint64(v[:8]) }
