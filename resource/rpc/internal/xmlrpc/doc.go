// Package xmlrpc reads XML-RPC calls and writes the answers to them: the codec
// of a server, over the tokenizer of encoding/xml.
//
//	var c xmlrpc.Codec
//	method, params, err := c.DecodeCall(body)
//	…
//	answer, err := c.AppendResponse(nil, result)
//	if err != nil {
//		answer = c.AppendFault(nil, 1, err.Error())
//	}
//
// A value is nil, a bool, an int64, a float64, a string, a time.Time, a []byte,
// an []any or a map[string]any, in calls and in responses alike.
//
// The rules are those of http://xmlrpc.com/spec.md. Beyond them it reads what
// clients are known to send: doubles with an exponent, dates with dashes,
// fractions and a zone, and, if the Codec is told so, the i8 and nil that Apache
// added (http://ws.apache.org/xmlrpc/types.html). All else is refused with an
// error whose text can be shown to the client.
//
// It is code of our own as the modules there are lose a second parameter, cut
// text at a CDATA section, or write the names of members unescaped.
package xmlrpc
