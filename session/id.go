package session

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// ErrIDs is returned where a new id was to be made and all that were drawn are
// in use.
var ErrIDs = errors.New("session: no unused id in ten tries")

const idTries = 10

// id is what a session is found by: 128 bits from the operating system's
// generator (OWASP asks for 64 of entropy at least). It is text only on the
// wire and in the uid that users see. What an id has beyond them is its tail;
// the session keeps that, and it must match too, but nothing is found by it.
type id struct{ hi, lo uint64 }

// An id has at least so many bytes, and at most.
const (
	shortest = 16
	longest  = 64
)

// spelling is how an id is written, a short one in uidLen letters. There is one
// spelling of each id.
var spelling = base64.RawURLEncoding

const uidLen = 22

// idLength returns how many bytes new ids have.
func (m *Manager) idLength() int {
	switch n := m.IDLength; {
	case n == 0:
		return shortest
	case n < shortest || n > longest:
		panic(fmt.Sprintf("session: Manager.IDLength is %d, and must be from %d to %d", n, shortest, longest))
	default:
		return n
	}
}

// try draws an id, those before being in use. The error is ErrIDs after ten.
func (m *Manager) try(before int) (id, string, error) {
	if before == idTries {
		report(m.Log, "session: the source of ids gives only such as are in use")
		return id{}, "", ErrIDs
	}
	v, tail, err := m.newID()
	if err != nil {
		report(m.Log, "session: the source of ids failed", "error", err)
	}
	return v, tail, err
}

// newID draws an id.
func (m *Manager) newID() (id, string, error) {
	n := m.idLength()
	if m.Entropy != nil {
		return m.drawID(n)
	}
	var b [longest]byte
	_, _ = rand.Read(b[:n]) // never fails: the process is ended instead
	v, tail := split(b[:n])
	return v, string(tail), nil
}

// drawID is newID from the Manager's own source.
func (m *Manager) drawID(n int) (id, string, error) {
	b := make([]byte, n)
	m.drawing.Lock()
	defer m.drawing.Unlock()
	if _, err := io.ReadFull(m.Entropy, b); err != nil {
		return id{}, "", fmt.Errorf("session: drawing an id: %w", err)
	}
	v, tail := split(b)
	return v, string(tail), nil
}

func split(b []byte) (v id, tail []byte) {
	return id{binary.BigEndian.Uint64(b), binary.BigEndian.Uint64(b[8:])}, b[shortest:]
}

// text writes an id.
func text(v id, tail string) string {
	var space [longest]byte
	b := binary.BigEndian.AppendUint64(space[:0], v.hi)
	b = binary.BigEndian.AppendUint64(b, v.lo)
	b = append(b, tail...)
	var letters [(longest*8 + 5) / 6]byte
	n := spelling.EncodedLen(len(b))
	spelling.Encode(letters[:n], b)
	return string(letters[:n])
}

// digits gives the value of each letter of the spelling, and 0xff for what is
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

// parse reads an id of any length.
func parse(uid string) (v id, tail string, ok bool) {
	if len(uid) == uidLen {
		v, ok = parseID([]byte(uid))
		return v, "", ok
	}
	var b [longest]byte
	n := parseLong([]byte(uid), &b)
	if n == 0 {
		return id{}, "", false
	}
	v, rest := split(b[:n])
	return v, string(rest), true
}

// parseID reads an id from text that may come from anywhere. Every request with
// a session passes here, so it reads the 22 letters itself, which takes half as
// long as base64 does.
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

// parseLong reads an id with a tail into b and returns how many bytes
// it has, 0 if the text is none.
func parseLong(text []byte, b *[longest]byte) int {
	if len(text) <= uidLen || len(text) > spelling.EncodedLen(longest) {
		return 0
	}
	bad := uint8(0)
	for _, c := range text {
		bad |= digits[c] // base64 passes over line ends
	}
	// The last letter ends with bits that are not there.
	none := digits[text[len(text)-1]] & [4]uint8{0, 0, 0xf, 3}[len(text)%4]
	if bad&0x80 != 0 || none != 0 || len(text)%4 == 1 {
		return 0
	}
	n, _ := spelling.Decode(b[:], text)
	return n
}
