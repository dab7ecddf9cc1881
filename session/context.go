package session

import "context"

var contexts = NewLocalKey[context.Context]("context")

// Context returns a context that is done when the session has ended, before any
// of the calls for that are made, with ErrEnded as its cause. It is for what
// works on the session's behalf and should not go on without it, such as a
// query whose result nobody will fetch.
func (s *Session) Context() context.Context {
	var ctx context.Context
	var cancel context.CancelCauseFunc
	err := contexts.Update(s, func(p *context.Context) {
		if *p == nil {
			*p, cancel = context.WithCancelCause(context.Background())
		}
		ctx = *p
	})
	if err != nil {
		ctx, cancel = context.WithCancelCause(context.Background())
		cancel(err)
		return ctx
	}
	if cancel != nil {
		s.registerFirst(func() { cancel(ErrEnded) })
	}
	return ctx
}
