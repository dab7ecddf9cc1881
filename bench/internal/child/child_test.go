package child_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/spindleweb/spindle/bench/internal/child"
	"github.com/stretchr/testify/require"
)

func init() {
	child.Register("echo", func() child.Service {
		calls := 0
		return func(method string, in json.RawMessage) (any, error) {
			calls++
			switch method {
			case "count":
				return calls, nil
			case "print":
				fmt.Println("not an answer") // as some libraries do
				return "printed", nil
			case "env":
				return os.Getenv("SPINDLE_TEST"), nil
			case "fail":
				return nil, errors.New("no such thing")
			case "unspeakable":
				return func() {}, nil
			case "die":
				panic(strings.Repeat("x", 10_000) + " the last word")
			}
			return in, nil
		}
	})
}

func TestMain(m *testing.M) {
	child.Main()
	os.Exit(m.Run())
}

func start(t *testing.T, env ...string) *child.Process {
	p, err := child.Start(context.Background(), "echo", env...)
	require.NoError(t, err)
	t.Cleanup(p.Close)
	return p
}

func TestChildAnswers(t *testing.T) {
	p := start(t, "SPINDLE_TEST=here")
	require.NotEqual(t, os.Getpid(), p.PID())
	type thing struct{ A, B int }
	var got thing
	require.NoError(t, p.Call("", thing{1, 2}, &got))
	require.Equal(t, thing{1, 2}, got)
	var n int
	require.NoError(t, p.Call("count", nil, &n))
	require.Equal(t, 2, n, "it is one and the same service")
	var text string
	require.NoError(t, p.Call("env", nil, &text))
	require.Equal(t, "here", text)
	require.NoError(t, p.Call("print", nil, &text))
	require.Equal(t, "printed", text)
	require.NoError(t, p.Call("count", nil, nil), "a result need not be wanted")
}

func TestChildTellsOfErrorsAndGoesOn(t *testing.T) {
	p := start(t)
	require.EqualError(t, p.Call("fail", nil, nil), "child echo: fail: no such thing")
	require.ErrorContains(t, p.Call("unspeakable", nil, nil), "unsupported type")
	require.Error(t, p.Call("x", func() {}, nil))
	require.NoError(t, p.Call("count", nil, nil))
}

func TestChildThatDiesSaysItsLastWord(t *testing.T) {
	p := start(t)
	err := p.Call("die", nil, nil)
	require.ErrorContains(t, err, "the last word")
	require.ErrorContains(t, err, "exit status 2")
	require.Less(t, len(err.Error()), 10_000)
	require.Error(t, p.Call("count", nil, nil))
}

func TestChildIsKilledWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancelCause(context.Background())
	p, err := child.Start(ctx, "echo")
	require.NoError(t, err)
	defer p.Close()
	require.NoError(t, p.Call("count", nil, nil))
	cancel(errors.New("enough"))
	for err == nil { // until the signal has arrived
		err = p.Call("count", nil, nil)
	}
	require.ErrorContains(t, err, "enough")
}

func TestChildOfAnUnknownServiceFails(t *testing.T) {
	p, err := child.Start(context.Background(), "nothing")
	require.NoError(t, err)
	defer p.Close()
	require.ErrorContains(t, p.Call("x", nil, nil), `no service "nothing"`)
}
