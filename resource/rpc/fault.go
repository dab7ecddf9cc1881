package rpc

import (
	"fmt"

	"github.com/spindleweb/spindle/session"
)

// A Fault is an error that the client is told of as it is. A function or Hook
// returns one, wrapped or not, or calls Abort. Other errors are told of by their
// text, panics by no more than that there was one.
type Fault struct {
	// Code is a number of the service's own. What the gateway itself has to say
	// has those from 52 to 57, as in OSE. Default 57, in JSON-RPC -32000.
	Code int

	// Name is what kind of error it is, as AstroGrid has them:
	// InvalidArgumentException, NotFoundException, SecurityException and
	// NotApplicableException have a status in plain HTTP. Default
	// ServiceException.
	Name string

	// Origin is who says so, and Description what.
	Origin, Description string

	// Details is more to read, such as the text of a query. Default "".
	Details string

	kind kind
}

// Error returns the text that OSE's clients see.
func (f *Fault) Error() string {
	text := f.Description
	if f.Origin != "" {
		text = f.Origin + " -- " + text
	}
	if f.Details != "" {
		text += "\n\n" + f.Details
	}
	return text
}

// Abort ends the call that the function or Hook is at, from however deep, as OSE's
// abortResponse does. It does not return (it panics, and the gateway recovers).
func Abort(code int, description, origin, details string) {
	panic(&Fault{Code: code, Description: description, Origin: origin, Details: details})
}

// kind tells what a Fault is in the words of each dialect.
type kind uint8

const (
	ofApplication kind = iota
	ofResponse         // it cannot be encoded
	ofRequest          // it cannot be decoded
	ofSyntax           // nor be read at all
	ofMethod           // there is none
	ofParams           // they are wrong
	ofAbsence          // the session has ended during the call
	ofPanic            // in the function
	ofCrowd            // there is no room for a session now
)

// kinds has, for each kind, the codes of OSE and of JSON-RPC 2.0, the name of
// AstroGrid, the status of HTTP and a description.
var kinds = [...]struct {
	ose, json, status int
	name, text        string
}{
	ofApplication: {57, -32000, 500, "ServiceException", "Application error"},
	ofResponse:    {52, -32603, 500, "ServiceException", "Response cannot be encoded"},
	ofRequest:     {54, -32600, 400, "InvalidArgumentException", "Request cannot be decoded"},
	ofSyntax:      {54, -32700, 400, "InvalidArgumentException", "Request cannot be decoded"},
	ofMethod:      {55, -32601, 404, "NotFoundException", "No such method"},
	ofParams:      {56, -32602, 400, "InvalidArgumentException", "Invalid parameters"},
	ofAbsence:     {57, -32001, 410, "ServiceException", "Service went away during the call"},
	ofPanic:       {57, -32603, 500, "ServiceException", "Application error"},
	ofCrowd:       {57, -32000, 503, "ServiceException", ""},
}

// statuses are those of plain HTTP for errors that functions name.
var statuses = map[string]int{
	"InvalidArgumentException": 400,
	"SecurityException":        403,
	"NotFoundException":        404,
	"NotApplicableException":   501,
}

// origin of what the gateway itself says.
const origin = "rpc"

func newFault(k kind, format string, args ...any) *Fault {
	is := kinds[k]
	return &Fault{Code: is.ose, Name: is.name, Origin: origin, Description: is.text, Details: fmt.Sprintf(format, args...), kind: k}
}

func away() *Fault { return newFault(ofAbsence, "%v", session.ErrEnded) }

// name returns what kind of error it is.
func (f *Fault) name() string {
	if f.Name == "" {
		return kinds[f.kind].name
	}
	return f.Name
}

// exception returns the name and what is to be said of it.
func (f *Fault) exception() string {
	text := f.name() + ": " + f.Description
	if f.Details != "" {
		text += "\n\n" + f.Details
	}
	return text
}

// status is that of plain HTTP.
func (f *Fault) status() int {
	if f.kind == ofApplication && statuses[f.Name] != 0 {
		return statuses[f.Name]
	}
	return kinds[f.kind].status
}
