// Package site serves a tree of resources and keeps the sessions of its
// visitors, in the manner of Twisted's Site.
//
//	root := new(resource.Branch)
//	root.PutChild("hello", resource.GET(func(req *resource.Request) {
//		req.WriteString("hello")
//	}))
//	s := site.New(root)
//	s.SessionFactory = session.Lasting(time.Minute)
//	log.Fatal(s.ListenAndServe(":8080"))
//
// A [Site] is three things put together: a [resource.Tree] that finds what
// answers a URL, a [session.Manager] that knows the visitors and ends their
// sessions, and a fasthttp server with limits that suit the open net. Each can
// be had without the others; [Site.Handler] hangs a whole site into a fasthttp
// program that has a server already.
//
// What a site promises:
//
//   - Whatever a resource, a session's call, a logger, or a stream writer or
//     hijack handler set by the methods of a Request does, the process lives and
//     the next request is answered. A panic is a 500, or a connection that breaks
//     off, and one entry in the log.
//   - A request that could mean two things to two servers is refused: with
//     Content-Length and Transfer-Encoding at once, or of another version than
//     HTTP/1.0 and 1.1.
//   - Two sites in one process share nothing, unless they are given the same
//     Clock.
//   - Shutdown finishes the requests that are under way, then ends every
//     session and makes its calls, or saves it if there is a Store, all within
//     the deadline it is given.
//   - The access log has one line for each request, whatever is in the request.
package site
