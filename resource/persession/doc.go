// Package persession gives each session an address of its own, in place of a
// cookie: for clients that are programs, and for things that a user may have
// several of, such as cursors of a database.
//
//	cursors := &persession.Space{
//		New: func(ctx context.Context, s *session.Session) (resource.Resource, error) {
//			c, err := open(ctx)
//			if err != nil {
//				return nil, err
//			}
//			s.Own(c) // closed when the session ends
//			return c, nil
//		},
//	}
//	cursors.Sessions.Factory = session.Lasting(time.Minute) // who chooses no timeout
//	root.PutChild("cursors", cursors)
//
//	s := site.New(root)
//	s.Managers = []*session.Manager{&cursors.Sessions} // they end with the site
//
// A POST to /cursors opens a session and answers 201 with its address, /cursors/
// and an id that nobody can guess. Whatever comes to that address or below it is
// for the resource that New has made, for this session alone. A DELETE ends it,
// and so do s.Expire, for a way to close it of the resource's own, and silence for
// as long as its timeout.
//
// What a Space promises:
//
//   - Its sessions are its own: an id of a cookie is worthless in a URL, and the
//     reverse.
//   - A request that reaches the address counts as activity, and while it is
//     under way the session is not idle. Looking at sessions by Sessions.All or
//     Get, as a page for administrators does, keeps none alive.
//   - What a session owns is released once, at whatever end.
//   - An address that has ended, or never was, answers 404, or what Gone says.
//   - Whoever knows an address has the session. So answers carry
//     Referrer-Policy: no-referrer and Cache-Control: no-store, and logs show "*"
//     in place of the id.
package persession
