package xmlrpc

import (
	"encoding/base64"
	"errors"
	"strconv"
	"strings"
	"time"
)

// scalar returns what reads the text of a type, or nil if there is no such
// type. It gives what is wrong with the text, if anything is.
func (c *Codec) scalar(name string) func(text string) (v any, wrong string) {
	switch name {
	case "int", "i4":
		return parseInt32
	case "i8", "ex:i8":
		if c.I8 {
			return parseInt64
		}
	case "boolean":
		return parseBool
	case "double":
		return parseDouble
	case "string":
		return func(s string) (any, string) { return s, "" }
	case "dateTime.iso8601":
		return parseTime
	case "base64":
		return parseBase64
	case "nil", "ex:nil":
		if c.Nil {
			return parseNil
		}
	}
	return nil
}

func parseInt32(s string) (any, string) { return parseInt(s, 32) }
func parseInt64(s string) (any, string) { return parseInt(s, 64) }

func parseInt(s string, bits int) (any, string) {
	n, err := strconv.ParseInt(trim(s), 10, bits)
	if errors.Is(err, strconv.ErrRange) {
		return nil, "does not fit " + strconv.Itoa(bits) + " bits"
	}
	if err != nil {
		return nil, "is no integer"
	}
	return n, ""
}

func parseBool(s string) (any, string) {
	switch trim(s) {
	case "0":
		return false, ""
	case "1":
		return true, ""
	}
	return nil, "is neither 0 nor 1"
}

func parseDouble(s string) (any, string) {
	s = trim(s)
	if strings.Trim(s, "0123456789+-.eE") != "" {
		return nil, "is no decimal number" // ParseFloat knows others
	}
	f, err := strconv.ParseFloat(s, 64)
	if errors.Is(err, strconv.ErrRange) {
		return nil, "is too large for a double"
	}
	if err != nil {
		return nil, "is no decimal number"
	}
	return f, ""
}

// timeFormat is how a time is written.
const timeFormat = "20060102T15:04:05"

// parseTime reads a time. Without a zone it is taken for UTC, as the
// specification leaves it open.
func parseTime(s string) (any, string) {
	const wrong = "is no time like " + timeFormat
	s = trim(s)
	layout := timeFormat
	if strings.IndexByte(s, 'T') == len("2006-01-02") {
		layout = "2006-01-02T15:04:05"
	}
	// time.Parse takes a digit for an hour and a comma for a point.
	if len(s) < len(layout) || s[len(layout)-6] != ':' || strings.Contains(s, ",") {
		return nil, wrong
	}
	for _, zone := range []string{"", "Z07:00", "Z0700"} {
		t, err := time.Parse(layout+zone, s)
		if err != nil {
			continue
		}
		if t = t.UTC(); !writable(t) {
			break
		}
		return t, ""
	}
	return nil, wrong
}

// writable reports whether the year of the time, in UTC, has four digits.
func writable(t time.Time) bool { return t.Year() >= 0 && t.Year() <= 9999 }

// dropSpace takes out what is between the lines and groups of base64.
var dropSpace = strings.NewReplacer(" ", "", "\t", "", "\r", "", "\n", "")

func parseBase64(s string) (any, string) {
	b, err := base64.StdEncoding.Strict().DecodeString(dropSpace.Replace(s))
	if err != nil {
		return nil, "is no base64"
	}
	return b, ""
}

func parseNil(s string) (any, string) {
	if trim(s) != "" {
		return nil, "is text where none belongs"
	}
	return nil, ""
}
