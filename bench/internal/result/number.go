package result

import (
	"math"
	"strconv"
	"strings"
)

// Number writes v for a reader: with three digits that count, from ten thousand
// on with four, and commas between thousands, but no more than three places.
// Whole numbers below ten thousand are written as they are.
func Number(v float64) string {
	switch {
	case math.IsNaN(v):
		return "–"
	case math.IsInf(v, 1):
		return "∞"
	case math.IsInf(v, -1):
		return "−∞"
	case v >= 1e15:
		return strconv.FormatFloat(v, 'g', 4, 64)
	case v < 0:
		if s := Number(-v); !strings.HasPrefix(s, "<") {
			return "−" + s
		}
		return "0"
	}
	places := 0
	switch {
	case v >= 1e4:
		unit := math.Pow(10, math.Floor(math.Log10(v))-3)
		v = math.Round(v/unit) * unit
	case v == math.Trunc(v), v >= 99.95:
	case v >= 9.995:
		places = 1
	case v >= 0.9995:
		places = 2
	default:
		places = 3
	}
	if v > 0 && v < 0.0005 {
		return "<0.001"
	}
	return commas(strconv.FormatFloat(v, 'f', places, 64))
}

// commas groups the digits before the point by thousands.
func commas(s string) string {
	whole, rest, _ := strings.Cut(s, ".")
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if rest == "" {
		return whole
	}
	return whole + "." + rest
}
