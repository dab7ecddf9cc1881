package rpc

import (
	"bytes"
	"context"
	"encoding/json"
)

// inJSONRPC is JSON-RPC 2.0 (https://www.jsonrpc.org/specification). Dates are
// strings as in RFC 3339 and bytes are base64.
type inJSONRPC struct{ g *Gateway }

type jsonResponse struct {
	Version string          `json:"jsonrpc"`
	Result  json.RawMessage `json:"result,omitempty"`
	Error   *jsonError      `json:"error,omitempty"`
	ID      json.RawMessage `json:"id"`
}

type jsonError struct {
	Code    int        `json:"code"`
	Message string     `json:"message"`
	Data    *jsonAbout `json:"data,omitempty"`
}

// jsonAbout is what a Fault has besides.
type jsonAbout struct {
	Name    string `json:"name,omitempty"`
	Origin  string `json:"origin,omitempty"`
	Details string `json:"details,omitempty"`
}

func (j inJSONRPC) answer(ctx context.Context, c *caller, text []byte) []byte {
	text = bytes.TrimSpace(bytes.TrimPrefix(text, []byte("\ufeff"))) // RFC 8259 8.1
	if !bytes.HasPrefix(text, []byte("[")) {
		return encode(j.one(ctx, c, text))
	}
	var batch []json.RawMessage
	if err := json.Unmarshal(text, &batch); err != nil {
		return encode(failed(nil, newFault(ofSyntax, "%v.", err)))
	}
	if len(batch) == 0 || len(batch) > mostCalls {
		return encode(failed(nil, newFault(ofRequest, "A batch has 1 to %d calls.", mostCalls)))
	}
	var all []*jsonResponse
	for _, one := range batch {
		if r := j.one(ctx, c, one); r != nil {
			all = append(all, r)
		}
	}
	if all == nil {
		return nil
	}
	return encode(all)
}

// encode cannot fail: what functions return has been encoded before.
func encode[T []*jsonResponse | *jsonResponse](r T) []byte {
	if r == nil {
		return nil
	}
	b, _ := json.Marshal(r)
	return b
}

// one makes a call and returns its response, nil for a notification.
func (j inJSONRPC) one(ctx context.Context, c *caller, text []byte) *jsonResponse {
	var members map[string]json.RawMessage
	if !json.Valid(text) {
		return failed(nil, newFault(ofSyntax, "%v.", json.Unmarshal(text, new(json.RawMessage))))
	}
	if json.Unmarshal(text, &members) != nil || members == nil {
		return failed(nil, newFault(ofRequest, "A call is an object."))
	}
	id, asks := members["id"]
	if asks && !bytes.Equal(id, []byte("null")) && (id[0] == '{' || id[0] == '[' || id[0] == 't' || id[0] == 'f') {
		return failed(nil, newFault(ofRequest, "An id is a string, a number or null."))
	}
	var version, method string
	if json.Unmarshal(members["jsonrpc"], &version) != nil || version != "2.0" {
		return failed(id, newFault(ofRequest, `The member "jsonrpc" is "2.0".`))
	}
	if name := members["method"]; len(name) == 0 || name[0] != '"' || json.Unmarshal(name, &method) != nil {
		return failed(id, newFault(ofRequest, `The member "method" is a string.`))
	}
	params, named, f := j.params(c, members["params"])
	var result []byte
	if f == nil {
		var v any
		if v, f = c.call(ctx, method, params, named); f == nil {
			var err error
			if result, err = json.Marshal(j.result(v)); err != nil {
				f = newFault(ofResponse, "%v.", err)
			}
		}
	}
	switch {
	case !asks && (f == nil || f.kind != ofRequest):
		return nil
	case f != nil:
		return failed(id, f)
	}
	return &jsonResponse{Version: "2.0", Result: result, ID: id}
}

// params reads those given in order or by name.
func (j inJSONRPC) params(c *caller, text json.RawMessage) ([]any, map[string]any, *Fault) {
	if text == nil || string(text) == "null" { // which some clients send for none
		return nil, nil, nil
	}
	v, err := readJSON(text, c.limits)
	if err != nil {
		return nil, nil, newFault(ofRequest, "The parameters: %v.", err)
	}
	switch v := v.(type) {
	case []any:
		return v, nil, nil
	case map[string]any:
		return nil, v, nil
	}
	return nil, nil, newFault(ofRequest, `The member "params" is an array or an object.`)
}

// failed is the response for a fault.
func failed(id json.RawMessage, f *Fault) *jsonResponse {
	about := &jsonAbout{Name: f.name(), Origin: f.Origin, Details: f.Details}
	if id == nil {
		id = json.RawMessage("null")
	}
	return &jsonResponse{Version: "2.0", Error: &jsonError{Code: f.codeInJSON(), Message: f.Description, Data: about}, ID: id}
}

// codeInJSON is the function's own if JSON-RPC leaves it to applications.
func (f *Fault) codeInJSON() int {
	reserved := f.Code >= -32768 && f.Code <= -32000
	if f.kind == ofApplication && f.Code != 0 && !reserved {
		return f.Code
	}
	return kinds[f.kind].json
}

func (j inJSONRPC) fault(f *Fault) (int, string) { return f.codeInJSON(), f.Error() }

func (j inJSONRPC) result(v any) any {
	if v == (void{}) {
		return nil
	}
	return v
}

func (j inJSONRPC) writes(v any) error {
	_, err := json.Marshal(v)
	return err
}

func (j inJSONRPC) converter() converter { return converter{texts: true} }
