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

// target returns what the request line asks for, from the path on. It is read
// here because having fasthttp take the whole URL apart costs more than the rest
// of the walk.
func (r *Request) target() []byte {
	uri := r.Request.Header.RequestURI()
	if uri[0] == '/' {
		return uri
	}
	// A full URL is as good as its path (RFC 9112 3.2.2).
	_, uri, ok := bytes.Cut(uri, []byte("://"))
	if !ok {
		return nil
	}
	if i := bytes.IndexAny(uri, "/?#"); i >= 0 && uri[i] == '/' {
		return uri[i:]
	}
	return []byte("/")
}

// split cuts a raw path, which ends with a query or a fragment if there is one,
// into its segments and then decodes each once, so that /a%2Fb is one segment.
// Nothing is normalised: "." and ".." and "" are names like others. It fails on
// a path that does not begin with a slash, on a bad escape, on control
// characters and on %00.
func (r *Request) split(raw []byte) bool {
	r.path, r.at = r.path[:0], 0
	if len(raw) == 0 || raw[0] != '/' {
		return false
	}
	begin, end := 1, len(raw)
	for i := 1; i < end; i++ {
		switch c := raw[i]; {
		case c == '/':
			r.path = append(r.path, raw[begin:i])
			begin = i + 1
		case c == '%':
			r.path = r.path[:0]
			return r.splitEscaped(raw[1:])
		case c == '?' || c == '#':
			end = i
		case isControl(c):
			return false
		}
	}
	r.path = append(r.path, raw[begin:end])
	return true
}

func (r *Request) splitEscaped(raw []byte) bool {
	// Decoding never makes longer, so the segments stay where they are.
	r.decoded = append(r.decoded[:0], raw...)
	b := r.decoded[:0]
	begin := 0
	for i := 0; i < len(raw); i++ {
		switch c := raw[i]; {
		case c == '/':
			r.path = append(r.path, b[begin:])
			begin = len(b)
		case c == '%':
			if i+2 >= len(raw) {
				return false
			}
			hi, lo := unhex(raw[i+1]), unhex(raw[i+2])
			if hi > 15 || lo > 15 || hi|lo == 0 {
				return false
			}
			b = append(b, hi<<4|lo)
			i += 2
		case c == '?' || c == '#':
			raw = raw[:i]
		case isControl(c):
			return false
		default:
			b = append(b, c)
		}
	}
	r.path = append(r.path, b[begin:])
	return true
}

func isControl(c byte) bool { return c < ' ' || c == 0x7f }

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
