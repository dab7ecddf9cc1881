package session_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/spindleweb/spindle/session"
	"github.com/spindleweb/spindle/session/storetest"
	"github.com/stretchr/testify/require"
)

// lateAnswer is a store that is asked twice for the same end by one process: by
// the way of those whose process is gone, and by the ordinary one. It answers the
// second when the calls have been made and acknowledged.
type lateAnswer struct {
	*storetest.Memory
	due, asked, acked chan struct{}
	once              sync.Once
}

func (s *lateAnswer) Due(ctx context.Context, limit int, grace time.Duration, t session.Terms) ([]session.Claim, error) {
	claims, err := s.Memory.Due(ctx, limit, grace, t)
	if len(claims) > 0 {
		close(s.due)
		<-s.asked
	}
	return claims, err
}

func (s *lateAnswer) Claim(ctx context.Context, keys []session.StoreKey, t session.Terms) ([]session.Claim, error) {
	<-s.due
	claims, err := s.Memory.Claim(ctx, keys, t)
	s.once.Do(func() { close(s.asked) })
	<-s.acked
	return claims, err
}

func (s *lateAnswer) Ack(ctx context.Context, keys []session.StoreKey) error {
	err := s.Memory.Ack(ctx, keys)
	close(s.acked)
	return err
}

func TestAnAnswerOlderThanTheAcknowledgement(t *testing.T) {
	inBubble(t, func(t *testing.T, memory *storetest.Memory) {
		p := join(t, memory)
		p.way.Store = &lateAnswer{Memory: memory, due: make(chan struct{}), asked: make(chan struct{}), acked: make(chan struct{})}
		p.StoreTimeout = time.Minute
		s := p.visit(t, "")
		require.NoError(t, number.Set(s, 7))
		require.NoError(t, p.Save(nil, s))
		time.Sleep(5 * time.Minute)
		require.Equal(t, []end{{"", 7, session.Idle}}, p.ends())
		require.Zero(t, memory.Len())
		require.Zero(t, p.Stats().Store.Ending)
	})
}
