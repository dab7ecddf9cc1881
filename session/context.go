package session

import "context"

var contexts = NewLocalKey[context.Context]("context")

// Context returns a context that is done when the session has ended, before what
// NotifyOnExpire registers is called, with ErrEnded as its cause. It is for what
// works on the session's behalf and should not go on without it, such as a query
// whose result nobody will fetch.
func (s *Session) Context() context.Context {
	var ctx context.Context
	err := contexts.Update(s, func(p *context.Context) {
		if *p == nil {
			made, cancel := context.WithCancelCause(context.Background())
			s.registerFirst(func() { cancel(ErrEnded) }) // before anyone has it
			*p = made
		}
		ctx = *p
	})
	if err != nil {
		made, cancel := context.WithCancelCause(context.Background())
		cancel(err)
		ctx = made
	}
	return ctx
}
