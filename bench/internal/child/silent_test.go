package child

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func init() {
	Register("silent", func() Service {
		return func(string, json.RawMessage) (any, error) { select {} }
	})
}

func TestChildThatDoesNotAnswerIsKilled(t *testing.T) {
	defer func(was time.Duration) { patience = was }(patience)
	patience = time.Millisecond
	p, err := Start(t.Context(), "silent")
	require.NoError(t, err)
	defer p.Close()
	require.ErrorIs(t, p.Call("x", nil, nil), ErrSilent)
}
