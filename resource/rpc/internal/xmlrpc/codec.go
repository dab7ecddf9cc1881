package xmlrpc

import (
	"cmp"
	"errors"
	"fmt"
	"strconv"
)

// A Codec reads calls and writes responses. The zero value is ready, and may be
// used by many goroutines.
type Codec struct {
	// I8 has integers of 64 bits read and written, as i8; ex:i8 is read too.
	// Default false.
	I8 bool

	// Nil has nil read and written; ex:nil is read too. Default false.
	Nil bool

	// MaxDepth is how deeply arrays and structs may be nested, in calls and in
	// results. Default 64.
	MaxDepth int

	// MaxValues is how many values a call may have, those of members and of
	// arrays included. Default 65,536.
	MaxValues int

	// MaxSize is how many bytes a call may have. Default 1 MiB.
	MaxSize int
}

// ErrLimit is wrapped by the errors for what is larger than the Codec allows.
var ErrLimit = errors.New("xmlrpc: over the limit")

func (c *Codec) maxDepth() int  { return cmp.Or(c.MaxDepth, 64) }
func (c *Codec) maxValues() int { return cmp.Or(c.MaxValues, 1<<16) }
func (c *Codec) maxSize() int   { return cmp.Or(c.MaxSize, 1<<20) }

// maxName is how many bytes the name of a method may have.
const maxName = 255

// overDepth is the error for an array or a struct that many levels down, if
// there is one.
func (c *Codec) overDepth(depth int) error {
	if depth > c.maxDepth() {
		return fmt.Errorf("%w of %d levels", ErrLimit, c.maxDepth())
	}
	return nil
}

// A refusal is an error that says what is wrong with a call or a result.
type refusal string

func (r refusal) Error() string { return "xmlrpc: " + string(r) }

func refuse(format string, args ...any) error { return refusal(fmt.Sprintf(format, args...)) }

// short returns the beginning of text that came with the call.
func short(s string) string { return cut(s, 40) }

// cut returns at most so many characters of s.
func cut(s string, most int) string {
	n := 0
	for i := range s {
		if n++; n > most {
			return s[:i] + "…"
		}
	}
	return s
}

// quote returns the beginning of text in quotes.
func quote(s string) string { return strconv.Quote(short(s)) }
