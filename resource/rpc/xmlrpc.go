package rpc

import (
	"context"
	"strings"

	"github.com/spindleweb/spindle/resource/rpc/internal/xmlrpc"
)

// inXMLRPC is XML-RPC (http://xmlrpc.com/spec.md).
type inXMLRPC struct {
	g     *Gateway
	codec xmlrpc.Codec
}

func newXML(g *Gateway) *inXMLRPC {
	l := g.limits()
	return &inXMLRPC{g, xmlrpc.Codec{I8: g.I8, Nil: g.Nil, MaxDepth: l.depth, MaxValues: *l.values, MaxSize: orDefault(g.MaxSize, mostBytes)}}
}

func (x *inXMLRPC) answer(ctx context.Context, c *caller, text []byte) []byte {
	f := (*Fault)(nil)
	method, params, err := x.codec.DecodeCall(text)
	if err != nil {
		f = newFault(ofSyntax, "%v.", err)
	}
	if f == nil {
		var v any
		if v, f = c.call(ctx, strings.TrimSpace(method), params, nil); f == nil {
			b, err := x.codec.AppendResponse(nil, x.result(v))
			if err == nil {
				return b
			}
			f = newFault(ofResponse, "%v.", err)
		}
	}
	code, said := x.fault(f)
	return x.codec.AppendFault(nil, code, said)
}

func (x *inXMLRPC) fault(f *Fault) (int, string) { return x.g.Dialect.fault(f) }

func (x *inXMLRPC) result(v any) any { return x.g.Dialect.result(v, x.g.Nil) }

func (x *inXMLRPC) writes(v any) error {
	_, err := x.codec.AppendResponse(nil, v)
	return err
}

func (x *inXMLRPC) converter() converter {
	return converter{lenient: x.g.Dialect == AstroGrid, texts: x.g.Dialect == AstroGrid, limits: x.g.limits()}
}
