// Package resource is the tree that URLs name, in the manner of twisted.web:
// each segment of a path leads from a node to its child, and the node at the
// end answers.
//
//	type Greeting struct{ resource.Branch }
//
//	func (g *Greeting) RenderGET(req *resource.Request) {
//		req.WriteString("hello")
//	}
//
//	var _ resource.Getter = (*Greeting)(nil) // the name is right
//
//	root := new(resource.Branch)
//	root.PutChild("hello", new(Greeting))
//
// A [Resource] embeds [Branch], and then has the children that PutChild gives
// it and those that its own GetChild makes as they are asked for; or [Leaf],
// and then has the rest of the path for itself. It answers the methods that it
// has: RenderGET, RenderPOST and so on (see [Getter]). [GET], [Func], [Handler],
// [Status] and [Redirect] make resources of functions and values.
//
// What the tree promises:
//
//   - The path is the one that the client sent. It is split at slashes and each
//     segment decoded once: /a%2Fb is one segment, ".", ".." and "" are names
//     like others. A bad escape or a NUL is a 400.
//   - What is not there is a 404, a method that a node does not have a 405 with
//     a true Allow, a method that nobody knows a 501. HEAD is GET without the
//     body; OPTIONS answers itself.
//   - A panic is a 500, one entry in the log, and nothing in the page unless
//     Debug says so.
//   - A Location is written as given, never made of the Host header.
//   - A [Request] and its bytes live until Render returns.
//
// Kinds of resource that are there: package persession has sessions at URLs of
// their own, rpc has programs call functions, and guard lets in who has logged in.
package resource
