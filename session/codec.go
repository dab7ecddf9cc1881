package session

import (
	"encoding"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"reflect"
	"time"
)

// ErrUnreadable is wrapped by the errors for a value in the Store, or a whole
// record, that cannot be read: it has been cut or changed, is of another
// program, or of a later version of this one.
var ErrUnreadable = errors.New("session: unreadable")

// A Codec writes values for a Store and reads them. It is called from many
// goroutines.
type Codec interface {
	// Encode returns the value that v points to as bytes.
	Encode(v any) ([]byte, error)

	// Decode reads into the zero value that v points to what Encode has written,
	// perhaps of an older version of its type. It keeps no part of data.
	Decode(data []byte, v any) error
}

// jsonCodec is the Codec there is if no other is given.
type jsonCodec struct{}

func (jsonCodec) Encode(v any) ([]byte, error) {
	if t := reflect.TypeOf(v).Elem(); hidden(t) {
		return nil, fmt.Errorf("%v has no exported fields, so JSON would have nothing of it", t)
	}
	return json.Marshal(v)
}

func (jsonCodec) Decode(data []byte, v any) error { return json.Unmarshal(data, v) }

// hidden reports whether values of the type would all be {} in JSON, and so be
// lost without an error.
func hidden(t reflect.Type) bool {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct || t.NumField() == 0 {
		return false
	}
	p := reflect.PointerTo(t)
	if p.Implements(reflect.TypeFor[json.Marshaler]()) || p.Implements(reflect.TypeFor[encoding.TextMarshaler]()) {
		return false
	}
	for f := range t.Fields() {
		if f.IsExported() || f.Anonymous && !hidden(f.Type) {
			return false
		}
	}
	return true
}

// What a Store keeps of a value is sealed: a byte for the version of the format,
// four for the CRC-32C of all the rest and the name, then the bytes of the Codec.
// Most of what can go wrong with bytes at rest leaves them readable as some other
// value, and a session with another number in it is worse than none.
const (
	sealVersion = 1
	sealSize    = 5
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func seal(name string, data []byte) []byte {
	b := make([]byte, sealSize, sealSize+len(data))
	b[0] = sealVersion
	binary.BigEndian.PutUint32(b[1:], checksum(name, data))
	return append(b, data...)
}

func unseal(name string, b []byte) ([]byte, error) {
	switch {
	case len(b) < sealSize:
		return nil, fmt.Errorf("%w: %q is %d bytes long", ErrUnreadable, name, len(b))
	case b[0] != sealVersion:
		return nil, fmt.Errorf("%w: %q is of the unknown version %d", ErrUnreadable, name, b[0])
	case binary.BigEndian.Uint32(b[1:]) != checksum(name, b[sealSize:]):
		return nil, fmt.Errorf("%w: %q has been damaged", ErrUnreadable, name)
	}
	return b[sealSize:], nil
}

func checksum(name string, data []byte) uint32 {
	return crc32.Update(crc32.Checksum([]byte(name), castagnoli), castagnoli, data)
}

// header is what a Store keeps of a session besides its values, in the field
// with no name.
type header struct {
	Timeout time.Duration `json:"timeout"` // nanoseconds
	TLS     *bool         `json:"tls,omitempty"`
}

const headerName = ""

func (s *Session) header() header {
	h := header{Timeout: s.Timeout()}
	if from := s.marks.Load() & origin; from != 0 {
		tls := from == secure
		h.TLS = &tls
	}
	return h
}

func (h header) encode() []byte {
	b, _ := json.Marshal(h) // of such a struct there is no error
	return b
}

func decodeHeader(data []byte) (h header, err error) {
	if err := json.Unmarshal(data, &h); err != nil {
		return h, fmt.Errorf("%w: the header: %w", ErrUnreadable, err)
	}
	return h, nil
}

// origin returns the bits of marks.
func (h header) origin() uint32 {
	switch {
	case h.TLS == nil:
		return 0
	case *h.TLS:
		return secure
	}
	return plain
}
