package resource

import "bytes"

// Serve walks on from res along what is left of the path, one child for each
// segment, and has the node at the end answer. A resource that wraps another is
// a leaf whose Render does what it is for and then calls Serve.
//
// A trailing slash leads to the child "" if there is one, else it changes
// nothing. (Twisted insists on the child, and so finds nothing at "/" of a root
// without it.)
func Serve(res Resource, req *Request) {
	if res == nil {
		req.page(404, "")
		return
	}
	for !res.IsLeaf() && req.at < len(req.path) {
		name := req.path[req.at]
		req.at++
		child := childOf(res, name, req)
		if child == nil {
			if len(name) == 0 && req.at == len(req.path) {
				break
			}
			req.page(404, "")
			return
		}
		res = child
	}
	render(res, req)
}

func childOf(res Resource, name []byte, req *Request) Resource {
	if p, ok := res.(parent); ok {
		if child := p.put(name); child != nil {
			return child
		}
	}
	return res.GetChild(name, req)
}

// target returns the path as it was sent, or as whoever called us rewrote it.
func (r *Request) target() []byte {
	uri := r.Request.Header.RequestURI()
	if bytes.HasPrefix(uri, []byte("//")) {
		// fasthttp takes the first segment for a host if it knows none.
		if end := bytes.IndexAny(uri, "?#"); end >= 0 {
			return uri[:end]
		}
		return uri
	}
	path := r.URI().PathOriginal()
	if len(path) == 0 && bytes.Contains(uri, []byte("://")) {
		return []byte("/") // a full URL without a path (RFC 9112 3.2.2)
	}
	return path
}

// split cuts a raw path into its segments and then decodes each once, so that
// /a%2Fb is one segment. Nothing is normalised: "." and ".." and "" are names
// like others. It fails on a path that does not begin with a slash, on a bad
// escape and on NUL.
func (r *Request) split(raw []byte) bool {
	r.path, r.at = r.path[:0], 0
	if len(raw) == 0 || raw[0] != '/' {
		return false
	}
	begin := 1
	for i := 1; i < len(raw); i++ {
		switch raw[i] {
		case '/':
			r.path = append(r.path, raw[begin:i])
			begin = i + 1
		case '%':
			r.path = r.path[:0]
			return r.splitEscaped(raw[1:])
		case 0:
			return false
		}
	}
	r.path = append(r.path, raw[begin:])
	return true
}

func (r *Request) splitEscaped(raw []byte) bool {
	// Decoding never makes longer, so the segments stay where they are.
	r.decoded = append(r.decoded[:0], raw...)
	b := r.decoded[:0]
	begin := 0
	for i := 0; i < len(raw); i++ {
		switch c := raw[i]; c {
		case '/':
			r.path = append(r.path, b[begin:])
			begin = len(b)
		case '%':
			if i+2 >= len(raw) {
				return false
			}
			hi, lo := unhex(raw[i+1]), unhex(raw[i+2])
			if hi > 15 || lo > 15 || hi|lo == 0 {
				return false
			}
			b = append(b, hi<<4|lo)
			i += 2
		case 0:
			return false
		default:
			b = append(b, c)
		}
	}
	r.path = append(r.path, b[begin:])
	return true
}

// unhex returns the value of a hexadecimal digit, or more than 15.
func unhex(c byte) byte {
	switch {
	case '0' <= c && c <= '9':
		return c - '0'
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10
	}
	return 0xff
}
