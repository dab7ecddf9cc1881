package xmlrpc

import (
	"encoding/base64"
	"maps"
	"math"
	"slices"
	"strconv"
	"time"
)

const (
	responseHead = `<?xml version="1.0" encoding="UTF-8"?>` + "\n<methodResponse>"
	responseTail = "</methodResponse>\n"
)

// AppendResponse writes the response that gives the result. The text of the
// error can be shown to the client; dst is then returned as it was.
func (c *Codec) AppendResponse(dst []byte, result any) ([]byte, error) {
	b := append(dst, responseHead+"<params><param>"...)
	b, err := c.appendValue(b, result, 0)
	if err != nil {
		return dst, err
	}
	return append(b, "</param></params>"+responseTail...), nil
}

// AppendFault writes the response that says what went wrong. A code that does
// not fit 32 bits becomes the nearest that does; what of the text XML cannot
// have becomes U+FFFD.
func (c *Codec) AppendFault(dst []byte, code int, text string) []byte {
	code = max(math.MinInt32, min(code, math.MaxInt32))
	b := append(dst, responseHead+"<fault>"...)
	// Such values give no error, in a struct that is one level down.
	fault := map[string]any{"faultCode": int64(code), "faultString": legible(text)}
	b, _ = (&Codec{}).appendValue(b, fault, 0)
	return append(b, "</fault>"+responseTail...)
}

// appendValue writes a value that is in as many arrays and structs.
func (c *Codec) appendValue(b []byte, v any, depth int) ([]byte, error) {
	b = append(b, "<value>"...)
	var err error
	switch v := v.(type) {
	case nil:
		if !c.Nil {
			return nil, refuse("there is no nil")
		}
		b = append(b, "<nil/>"...)
	case bool:
		b = append(b, "<boolean>"...)
		if v {
			b = append(b, '1')
		} else {
			b = append(b, '0')
		}
		b = append(b, "</boolean>"...)
	case int64:
		b, err = c.appendInt(b, v)
	case float64:
		b, err = appendDouble(b, v)
	case string:
		b = append(b, "<string>"...)
		b, err = appendText(b, v)
		b = append(b, "</string>"...)
	case time.Time:
		b, err = appendTime(b, v)
	case []byte:
		b = append(b, "<base64>"...)
		b = base64.StdEncoding.AppendEncode(b, v)
		b = append(b, "</base64>"...)
	case []any:
		b, err = c.appendArray(b, v, depth+1)
	case map[string]any:
		b, err = c.appendStruct(b, v, depth+1)
	default:
		err = refuse("a value of type %T cannot be written", v)
	}
	if err != nil {
		return nil, err
	}
	return append(b, "</value>"...), nil
}

func (c *Codec) appendInt(b []byte, n int64) ([]byte, error) {
	name := "int>"
	if n != int64(int32(n)) {
		if !c.I8 {
			return nil, refuse("%d does not fit 32 bits", n)
		}
		name = "i8>"
	}
	b = append(append(b, '<'), name...)
	b = strconv.AppendInt(b, n, 10)
	return append(append(b, "</"...), name...), nil
}

// appendDouble writes no exponent, as the specification has none; the digits
// are as many as it takes to read the same number again.
func appendDouble(b []byte, f float64) ([]byte, error) {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return nil, refuse("%v cannot be written", f)
	}
	b = append(b, "<double>"...)
	b = strconv.AppendFloat(b, f, 'f', -1, 64)
	return append(b, "</double>"...), nil
}

func appendTime(b []byte, t time.Time) ([]byte, error) {
	t = t.UTC()
	if !writable(t) {
		return nil, refuse("the year %d cannot be written", t.Year())
	}
	b = append(b, "<dateTime.iso8601>"...)
	b = t.AppendFormat(b, timeFormat)
	return append(b, "</dateTime.iso8601>"...), nil
}

func (c *Codec) appendArray(b []byte, list []any, depth int) ([]byte, error) {
	if err := c.overDepth(depth); err != nil {
		return nil, err
	}
	b = append(b, "<array><data>"...)
	for _, v := range list {
		var err error
		if b, err = c.appendValue(b, v, depth); err != nil {
			return nil, err
		}
	}
	return append(b, "</data></array>"...), nil
}

// appendStruct writes the members in the order of their names, so that equal
// results are equal bytes.
func (c *Codec) appendStruct(b []byte, members map[string]any, depth int) ([]byte, error) {
	if err := c.overDepth(depth); err != nil {
		return nil, err
	}
	b = append(b, "<struct>"...)
	for _, name := range slices.Sorted(maps.Keys(members)) {
		var err error
		if b, err = appendText(append(b, "<member><name>"...), name); err != nil {
			return nil, err
		}
		if b, err = c.appendValue(append(b, "</name>"...), members[name], depth); err != nil {
			return nil, err
		}
		b = append(b, "</member>"...)
	}
	return append(b, "</struct>"...), nil
}
