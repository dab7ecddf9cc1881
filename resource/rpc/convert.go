package rpc

import (
	"encoding"
	"encoding/base64"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// A converter makes of neutral values what functions take.
type converter struct {
	texts   bool   // strings stand for dates and bytes too, where there is nothing better for these
	lenient bool   // and for numbers and, as JSON, for all else, and scalars for strings
	limits  limits // of what is read as JSON
}

// mismatch is the error for a value that is of another type.
type mismatch struct {
	wanted   reflect.Type
	received any
	shown    bool // it is text, to be shown as it is
}

func (m mismatch) Error() string {
	if m.shown {
		return fmt.Sprintf("expected %s, received %.40q", typeName(m.wanted), m.received)
	}
	return fmt.Sprintf("expected %s, received %s", typeName(m.wanted), nameOf(m.received))
}

// convert returns v as a t. The error says what was expected.
func (c converter) convert(v any, t reflect.Type) (reflect.Value, error) {
	to := reflect.New(t).Elem()
	err := c.into(to, v)
	return to, err
}

func (c converter) into(to reflect.Value, v any) error {
	t := to.Type()
	if t.Kind() == reflect.Pointer {
		if v == nil {
			return nil
		}
		to.Set(reflect.New(t.Elem()))
		return c.into(to.Elem(), v)
	}
	if text, ok := v.(string); ok {
		if done, err := c.text(to, text); done {
			return err
		}
	}
	wrong := mismatch{wanted: t, received: v}
	switch {
	case t == timeType:
		when, ok := v.(time.Time)
		if !ok {
			return wrong
		}
		to.Set(reflect.ValueOf(when))
		return nil
	case readsItself(t):
		return wrong
	}
	switch to.Kind() {
	case reflect.Interface:
		if v != nil {
			to.Set(reflect.ValueOf(v))
		}
		return nil
	case reflect.Bool:
		if b, ok := v.(bool); ok {
			to.SetBool(b)
			return nil
		}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		n, ok := integer(v)
		if !ok {
			return wrong
		}
		return setInteger(to, n)
	case reflect.Float32, reflect.Float64:
		switch n := v.(type) {
		case int64:
			to.SetFloat(float64(n))
			return nil
		case float64:
			return setFloat(to, n)
		}
	case reflect.String:
		switch s := v.(type) {
		case string:
			to.SetString(s)
			return nil
		case int64, float64, bool:
			if c.lenient {
				to.SetString(fmt.Sprint(s))
				return nil
			}
		}
	case reflect.Slice, reflect.Array:
		return c.list(to, v, wrong)
	case reflect.Map, reflect.Struct:
		if m, ok := v.(map[string]any); ok {
			return c.members(to, m)
		}
	}
	return wrong
}

// integer returns v as one if it is one, written in whatever way.
func integer(v any) (int64, bool) {
	switch n := v.(type) {
	case int64:
		return n, true
	case float64:
		if n == math.Trunc(n) && math.Abs(n) < 1<<63 {
			return int64(n), true
		}
	}
	return 0, false
}

func setInteger(to reflect.Value, n int64) error {
	switch {
	case to.CanInt() && !to.OverflowInt(n):
		to.SetInt(n)
	case to.CanUint() && n >= 0 && !to.OverflowUint(uint64(n)):
		to.SetUint(uint64(n))
	default:
		return fmt.Errorf("%d is out of range", n)
	}
	return nil
}

func setFloat(to reflect.Value, n float64) error {
	if to.OverflowFloat(n) {
		return fmt.Errorf("%v is out of range", n)
	}
	to.SetFloat(n)
	return nil
}

func (c converter) list(to reflect.Value, v any, wrong error) error {
	if b, ok := v.([]byte); ok && to.Type().Elem().Kind() == reflect.Uint8 {
		if to.Kind() == reflect.Slice {
			to.SetBytes(b)
			return nil
		}
		if len(b) != to.Len() {
			return fmt.Errorf("expected %d bytes, received %d", to.Len(), len(b))
		}
		for i, c := range b {
			to.Index(i).SetUint(uint64(c))
		}
		return nil
	}
	list, ok := v.([]any)
	switch {
	case !ok:
		return wrong
	case to.Kind() == reflect.Slice:
		to.Set(reflect.MakeSlice(to.Type(), len(list), len(list)))
	case len(list) != to.Len():
		return fmt.Errorf("expected an array of %d, received one of %d", to.Len(), len(list))
	}
	for i, e := range list {
		if err := c.into(to.Index(i), e); err != nil {
			return fmt.Errorf("element %d: %w", i, err)
		}
	}
	return nil
}

func (c converter) members(to reflect.Value, m map[string]any) error {
	if to.Kind() == reflect.Map {
		t := to.Type()
		to.Set(reflect.MakeMapWithSize(t, len(m)))
		for name, v := range m {
			e, err := c.convert(v, t.Elem())
			if err != nil {
				return fmt.Errorf("member %.40q: %w", name, err)
			}
			to.SetMapIndex(reflect.ValueOf(name).Convert(t.Key()), e)
		}
		return nil
	}
	known := 0
	for i := range to.NumField() {
		name := memberName(to.Type().Field(i))
		v, ok := m[name]
		if name == "" || !ok {
			continue
		}
		known++
		if err := c.into(to.Field(i), v); err != nil {
			return fmt.Errorf("member %.40q: %w", name, err)
		}
	}
	if known == len(m) {
		return nil
	}
	for name := range m {
		if !hasMember(to.Type(), name) {
			return fmt.Errorf("there is no member %.40q", name)
		}
	}
	return nil
}

func hasMember(t reflect.Type, name string) bool {
	for i := range t.NumField() {
		if name != "" && memberName(t.Field(i)) == name {
			return true
		}
	}
	return false
}

// text reads what a string stands for, where that may be something else. It
// reports false if it is but a string.
func (c converter) text(to reflect.Value, text string) (bool, error) {
	if readsItself(to.Type()) {
		if to.Addr().Interface().(encoding.TextUnmarshaler).UnmarshalText([]byte(text)) != nil {
			return true, fmt.Errorf("%.40q is not understood", text)
		}
		return true, nil
	}
	if c.texts {
		switch t := to.Type(); {
		case t == timeType:
			when, err := readTime(text)
			to.Set(reflect.ValueOf(when))
			return true, err
		case typeName(t) == "base64":
			b, err := base64.StdEncoding.DecodeString(text)
			if err != nil {
				return true, fmt.Errorf("expected base64, received %.40q", text)
			}
			return true, c.list(to, b, nil)
		}
	}
	if !c.lenient {
		return false, nil
	}
	trimmed := strings.TrimSpace(text)
	wrong := mismatch{to.Type(), text, true}
	switch to.Kind() {
	case reflect.Bool:
		switch strings.ToLower(trimmed) {
		case "true", "1", "on", "yes":
			to.SetBool(true)
		case "false", "0", "off", "no":
			to.SetBool(false)
		default:
			return true, wrong
		}
		return true, nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		n, err := strconv.ParseInt(trimmed, 10, 64)
		if err != nil {
			return true, wrong
		}
		return true, setInteger(to, n)
	case reflect.Float32, reflect.Float64:
		n, err := strconv.ParseFloat(trimmed, 64)
		if err != nil || math.IsInf(n, 0) || math.IsNaN(n) {
			return true, wrong
		}
		return true, setFloat(to, n)
	case reflect.Slice, reflect.Array, reflect.Map, reflect.Struct:
		return true, c.json(to, text, wrong)
	}
	return false, nil
}

// json reads what text stands for as JSON. What is no list stands for one with that
// alone in it, as a form has lists.
func (c converter) json(to reflect.Value, text string, wrong error) error {
	limits := c.limits
	if limits.values == nil {
		limits = newLimits(mostDepth, mostValues)
	}
	v, err := readJSON([]byte(text), limits)
	switch v.(type) {
	case []any, map[string]any:
		if err == nil {
			return c.into(to, v)
		}
	default:
		if to.Kind() == reflect.Slice && *limits.values >= 0 {
			return c.list(to, []any{text}, wrong)
		}
	}
	return wrong
}

// readTime reads a date as RFC 3339 or XML-RPC has them; without a zone it is in
// UTC.
func readTime(text string) (time.Time, error) {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05", "20060102T15:04:05", "20060102T15:04:05Z07:00", time.DateOnly} {
		if when, err := time.Parse(layout, strings.TrimSpace(text)); err == nil {
			return when, nil
		}
	}
	return time.Time{}, fmt.Errorf("expected a date such as 2006-01-02T15:04:05Z, received %.40q", text)
}
