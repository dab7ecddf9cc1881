// Package child runs parts of the program in processes of their own, so that
// what one library leaves in memory or does in the background is nobody else's
// cost. A child answers calls, one line of JSON each, over its standard input
// and output, and ends when its input does.
package child

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"
)

// A Service answers the calls of one child.
type Service func(method string, in json.RawMessage) (out any, err error)

var services = map[string]func() Service{}

// Register names a service. Called from init.
func Register(name string, start func() Service) { services[name] = start }

type call struct {
	Method string
	In     json.RawMessage
}

type answer struct {
	Out   json.RawMessage
	Error string
}

// command is the first argument of a child.
const command = "child"

// Main does a child's work and exits, if this process is one; the program, and
// the tests, call it first.
func Main() {
	if len(os.Args) != 3 || os.Args[1] != command {
		return
	}
	start := services[os.Args[2]]
	if start == nil {
		fmt.Fprintf(os.Stderr, "no service %q\n", os.Args[2])
		os.Exit(2)
	}
	out := os.Stdout
	os.Stdout = os.Stderr // what a library prints is no answer
	if err := serve(start(), os.Stdin, out); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

func serve(s Service, in io.Reader, out io.Writer) error {
	dec, enc := json.NewDecoder(bufio.NewReader(in)), json.NewEncoder(out)
	for {
		var c call
		if err := dec.Decode(&c); err != nil {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
		var a answer
		v, err := s(c.Method, c.In)
		if err == nil {
			a.Out, err = json.Marshal(v)
		}
		if err != nil {
			a.Error = err.Error()
		}
		if err := enc.Encode(a); err != nil {
			return err
		}
	}
}

// A Process is a child that runs.
type Process struct {
	name   string
	cmd    *exec.Cmd
	in     io.WriteCloser
	enc    *json.Encoder
	dec    *json.Decoder
	stderr tail
	ctx    context.Context
	stop   context.CancelCauseFunc
}

// ErrSilent is the cause for which a child is killed that does not answer.
var ErrSilent = errors.New("no answer")

// patience is how long an answer is waited for: for much longer than any takes,
// so that a library that hangs costs some time, and not the run.
var patience = 15 * time.Minute

// Start starts a child with the service of that name, and env added to the
// environment ("GOMAXPROCS=1"). It is killed when ctx ends.
func Start(ctx context.Context, name string, env ...string) (_ *Process, err error) {
	exe, err := os.Executable()
	if err != nil {
		return nil, err
	}
	p := &Process{name: name}
	p.ctx, p.stop = context.WithCancelCause(ctx)
	defer func() {
		if err != nil {
			p.stop(nil)
		}
	}()
	p.cmd = exec.CommandContext(p.ctx, exe, command, name)
	p.cmd.Env = append(os.Environ(), env...)
	p.cmd.Stderr = &p.stderr
	p.cmd.WaitDelay = time.Second
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.enc, p.dec = json.NewEncoder(p.in), json.NewDecoder(bufio.NewReader(out))
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("child %s: %w", name, err)
	}
	return p, nil
}

// PID is the process's id.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Call has the child do something and decodes the result into out, unless that
// is nil. When the child is gone the error has the end of what it wrote to its
// standard error.
func (p *Process) Call(method string, in, out any) error {
	raw, err := json.Marshal(in)
	if err != nil {
		return err
	}
	late := time.AfterFunc(patience, func() { p.stop(fmt.Errorf("%w in %v", ErrSilent, patience)) })
	defer late.Stop()
	var a answer
	if err = p.enc.Encode(call{method, raw}); err == nil {
		err = p.dec.Decode(&a)
	}
	if err != nil {
		return fmt.Errorf("child %s: %s: %w", p.name, method, p.gone(err))
	}
	if a.Error != "" {
		return fmt.Errorf("child %s: %s: %s", p.name, method, a.Error)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(a.Out, out)
}

// gone tells how a child ended that no longer answers.
func (p *Process) gone(err error) error {
	if why := context.Cause(p.ctx); why != nil {
		err = why
	}
	p.stop(nil)
	_ = p.cmd.Wait()
	return fmt.Errorf("%w (%s)\n%s", err, p.cmd.ProcessState, p.stderr.String())
}

// Close ends the child.
func (p *Process) Close() {
	_ = p.in.Close()
	late := time.AfterFunc(2*time.Second, func() { p.stop(nil) })
	defer late.Stop()
	_ = p.cmd.Wait()
	p.stop(nil)
}

// tail keeps the end of what is written to it.
type tail struct {
	mu sync.Mutex
	b  []byte
}

const tailSize = 4 << 10

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.b = append(t.b, p...)
	if len(t.b) > 2*tailSize {
		t.b = bytes.Clone(t.b[len(t.b)-tailSize:])
	}
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.TrimSpace(string(t.b[max(0, len(t.b)-tailSize):]))
}
