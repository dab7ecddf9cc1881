package rpc

// A Dialect is how XML-RPC and plain HTTP tell of faults, and of what is not
// there: as OSE did, a toolkit for services in C++ and Python, or the Astro Runtime
// of AstroGrid, the virtual observatory. New services do well with the first.
// JSON-RPC has its own.
type Dialect uint8

const (
	// OSE has the error's number as the code, and as the text its origin and
	// description, then a blank line and the details if there are any. What
	// returns nothing returns nil, or "" where there is none, in plain HTTP "OK".
	OSE Dialect = iota

	// AstroGrid has 0 as the code, and the name of an exception in the text. What
	// returns nothing returns "OK", and null is "NULL", in plain HTTP "null". Text
	// is taken for numbers, and scalars for text, where these are wanted.
	AstroGrid
)

// fault returns what XML-RPC tells of f, and plain HTTP in words.
func (d Dialect) fault(f *Fault) (code int, text string) {
	if d == AstroGrid {
		return 0, f.exception()
	}
	if f.Code == 0 {
		return kinds[f.kind].ose, f.Error()
	}
	return f.Code, f.Error()
}

// result returns what XML-RPC has in place of void and nil.
func (d Dialect) result(v any, hasNil bool) any {
	switch {
	case d == AstroGrid && v == (void{}):
		return "OK"
	case d == AstroGrid:
		return spelled(v)
	case v != (void{}):
		return v
	case hasNil:
		return nil
	}
	return ""
}

// spelled returns v with "NULL" in place of every nil.
func spelled(v any) any {
	switch v := v.(type) {
	case nil:
		return "NULL"
	case []any:
		for i, e := range v {
			v[i] = spelled(e)
		}
	case map[string]any:
		for name, e := range v {
			v[name] = spelled(e)
		}
	}
	return v
}
