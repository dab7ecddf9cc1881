package rpc

import (
	"encoding"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strings"
	"time"
)

// All faces read and write neutral values: nil, bool, int64, float64, string,
// time.Time, []byte, []any and map[string]any.

var (
	timeType   = reflect.TypeFor[time.Time]()
	writesText = reflect.TypeFor[encoding.TextMarshaler]()
	readsText  = reflect.TypeFor[encoding.TextUnmarshaler]()
)

// deepest is how deeply what a function returns may be nested; one that refers to
// itself ends there.
const deepest = 1000

// neutral returns v as a neutral value.
func neutral(v any) (any, error) { return neutralOf(reflect.ValueOf(v), 0) }

func neutralOf(v reflect.Value, depth int) (any, error) {
	if !v.IsValid() {
		return nil, nil
	}
	if depth > deepest {
		return nil, errors.New("it is nested too deeply")
	}
	if v.Kind() == reflect.Interface {
		return neutralOf(v.Elem(), depth+1)
	}
	switch t := v.Type(); {
	case t == timeType:
		return v.Interface(), nil
	case v.Kind() == reflect.Pointer && t.Elem() == timeType:
		return neutralOf(v.Elem(), depth+1)
	case t.Implements(writesText):
		if v.Kind() == reflect.Pointer && v.IsNil() {
			return nil, nil
		}
		text, err := v.Interface().(encoding.TextMarshaler).MarshalText()
		return string(text), err
	case reflect.PointerTo(t).Implements(writesText):
		p := reflect.New(t)
		p.Elem().Set(v)
		return neutralOf(p, depth)
	}
	switch v.Kind() {
	case reflect.Bool:
		return v.Bool(), nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return v.Int(), nil
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		if v.Uint() > math.MaxInt64 {
			return nil, fmt.Errorf("%d does not fit 64 bits", v.Uint())
		}
		return int64(v.Uint()), nil
	case reflect.Float32, reflect.Float64:
		return v.Float(), nil
	case reflect.String:
		return v.String(), nil
	case reflect.Pointer:
		return neutralOf(v.Elem(), depth+1)
	case reflect.Slice, reflect.Array:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			if v.Kind() == reflect.Slice {
				return append([]byte{}, v.Bytes()...), nil
			}
			b := make([]byte, v.Len())
			for i := range b {
				b[i] = byte(v.Index(i).Uint())
			}
			return b, nil
		}
		list := make([]any, v.Len())
		for i := range list {
			e, err := neutralOf(v.Index(i), depth+1)
			if err != nil {
				return nil, err
			}
			list[i] = e
		}
		return list, nil
	case reflect.Map:
		if v.Type().Key().Kind() != reflect.String {
			break
		}
		m := make(map[string]any, v.Len())
		for each := v.MapRange(); each.Next(); {
			e, err := neutralOf(each.Value(), depth+1)
			if err != nil {
				return nil, err
			}
			m[each.Key().String()] = e
		}
		return m, nil
	case reflect.Struct:
		m := make(map[string]any)
		for i := range v.NumField() {
			name := memberName(v.Type().Field(i))
			if name == "" {
				continue
			}
			e, err := neutralOf(v.Field(i), depth+1)
			if err != nil {
				return nil, err
			}
			m[name] = e
		}
		return m, nil
	}
	return nil, fmt.Errorf("a %v is nothing that can be sent", v.Type())
}

// memberName is what a field is called outside: as its json tag says, or as it is
// here; "" if it stays inside.
func memberName(f reflect.StructField) string {
	if !f.IsExported() {
		return ""
	}
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	switch name {
	case "":
		return f.Name
	case "-":
		return ""
	}
	return name
}

// supported reports what could never be converted.
func supported(t reflect.Type) error { return supportedIn(t, nil) }

func supportedIn(t reflect.Type, seen []reflect.Type) error {
	if t == timeType || isText(t) {
		return nil
	}
	for _, s := range seen {
		if s == t {
			return nil // it contains itself
		}
	}
	seen = append(seen, t)
	switch t.Kind() {
	case reflect.Chan, reflect.Func, reflect.UnsafePointer, reflect.Complex64, reflect.Complex128:
		return fmt.Errorf("a %v cannot be sent", t)
	case reflect.Interface:
		if t.NumMethod() > 0 {
			return fmt.Errorf("a %v cannot be sent", t)
		}
	case reflect.Pointer, reflect.Slice, reflect.Array:
		return supportedIn(t.Elem(), seen)
	case reflect.Map:
		if t.Key().Kind() != reflect.String {
			return fmt.Errorf("a %v cannot be sent: its keys are no strings", t)
		}
		return supportedIn(t.Elem(), seen)
	case reflect.Struct:
		for i := range t.NumField() {
			if f := t.Field(i); f.Anonymous && f.Tag.Get("json") == "" {
				return fmt.Errorf("a %v cannot be sent: it embeds a %v", t, f.Type)
			}
			if memberName(t.Field(i)) == "" {
				continue
			}
			if err := supportedIn(t.Field(i).Type, seen); err != nil {
				return err
			}
		}
	}
	return nil
}

// readsItself reports whether values of the type read text. Times have a way of
// their own.
func readsItself(t reflect.Type) bool {
	return t != timeType && reflect.PointerTo(t).Implements(readsText)
}

// isText reports whether values of the type read or write themselves as text.
func isText(t reflect.Type) bool {
	p := reflect.PointerTo(t)
	return t.Implements(writesText) || p.Implements(writesText) || p.Implements(readsText)
}

// typeName is what XML-RPC calls what a Go type is sent as.
func typeName(t reflect.Type) string {
	switch {
	case t == timeType:
		return "dateTime.iso8601"
	case isText(t):
		return "string"
	}
	switch t.Kind() {
	case reflect.Bool:
		return "boolean"
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		return "int"
	case reflect.Float32, reflect.Float64:
		return "double"
	case reflect.String:
		return "string"
	case reflect.Pointer:
		return typeName(t.Elem())
	case reflect.Slice, reflect.Array:
		if t.Elem().Kind() == reflect.Uint8 {
			return "base64"
		}
		return "array"
	case reflect.Map, reflect.Struct:
		return "struct"
	}
	return "undef" // any of them
}

// nameOf is what XML-RPC calls a neutral value.
func nameOf(v any) string {
	if v == nil {
		return "nil"
	}
	return typeName(reflect.TypeOf(v))
}
