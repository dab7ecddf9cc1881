// Bench measures Spindle and others side by side. It writes result.json and
// report.html, and says what changed between two results.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/spindleweb/spindle/bench/internal/child"
	"github.com/spindleweb/spindle/bench/internal/compare"
	"github.com/spindleweb/spindle/bench/internal/correct"
	"github.com/spindleweb/spindle/bench/internal/endings"
	"github.com/spindleweb/spindle/bench/internal/inprocess"
	"github.com/spindleweb/spindle/bench/internal/loopback"
	"github.com/spindleweb/spindle/bench/internal/memory"
	"github.com/spindleweb/spindle/bench/internal/page"
	"github.com/spindleweb/spindle/bench/internal/peer"
	"github.com/spindleweb/spindle/bench/internal/plan"
	"github.com/spindleweb/spindle/bench/internal/result"
	"github.com/spindleweb/spindle/bench/internal/simulate"
	"github.com/spindleweb/spindle/bench/internal/timers"
)

const help = `Bench measures Spindle and others side by side.

  bench [-quick] [-out DIR] [-steps NAMES] [-peers NAMES]   writes DIR/result.json and DIR/report.html
  bench compare [-all] OLD.json NEW.json                    says what changed beyond noise
  bench report RESULT.json REPORT.html [PICTURE.svg]        draws the report of a result again
  bench simulate [-help]                                    passes a day of a hundred million sessions

`

// steps are taken in this order: those first that most depend on a machine at
// rest, which one that has worked for half an hour may not be.
var steps = []plan.Step{
	inprocess.Step, loopback.Step, timers.Step, endings.Step, memory.Step, correct.Step, simulate.Step,
}

func main() {
	child.Main()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second one ends the program at once
	switch err := command(ctx, os.Args[1:], os.Stdout); {
	case errors.Is(err, flag.ErrHelp):
	case err != nil:
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func command(ctx context.Context, args []string, out io.Writer) error {
	if len(args) > 0 {
		switch args[0] {
		case "compare":
			return difference(args[1:], out)
		case "report":
			return redraw(args[1:])
		case "simulate":
			return simulate.Command(ctx, args[1:], out)
		}
	}
	return measure(ctx, args, out)
}

func measure(ctx context.Context, args []string, out io.Writer) error {
	set := flag.NewFlagSet("bench", flag.ContinueOnError)
	set.Usage = func() {
		fmt.Fprint(set.Output(), help)
		set.PrintDefaults()
	}
	quick := set.Bool("quick", false, "smaller numbers and fewer rounds: two minutes in place of half an hour")
	dir := set.String("out", ".", "the `folder` for result.json and report.html")
	only := set.String("steps", "", "take only these steps, separated by commas: "+stepNames())
	peers := set.String("peers", "", "measure only these libraries, separated by commas; ours and the bases always are")
	if err := set.Parse(args); err != nil {
		return err
	}
	if set.NArg() > 0 {
		return fmt.Errorf("there is no command %q; see bench -help", set.Arg(0))
	}
	b := &plan.Bench{
		Run:   &result.Run{Quick: *quick, Machine: result.ThisMachine(), Versions: peer.Versions()},
		Scale: plan.Full, Out: out,
	}
	if *quick {
		b.Scale = plan.Quick
	}
	if *peers != "" {
		b.Peers = strings.Split(*peers, ",")
	}
	if err := known(b.Peers); err != nil {
		return err
	}
	chosen, err := choose(*only)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(*dir, 0o755); err != nil {
		return err
	}
	// What has been measured is kept, also when a later step fails.
	failed := b.Go(ctx, chosen)
	file, report := filepath.Join(*dir, "result.json"), filepath.Join(*dir, "report.html")
	if err := errors.Join(failed, b.Save(file), draw(report, b.Run, page.Write)); err != nil {
		return err
	}
	fmt.Fprintf(out, "\n%s and %s after %.0f s\n", file, report, b.Took)
	budgets(b.Run, out)
	return nil
}

// budgets prints which of ours were held.
func budgets(r *result.Run, out io.Writer) {
	for i := range r.Figures {
		f := &r.Figures[i]
		within, ok := r.Within(f)
		if !ok {
			continue
		}
		word, value, unit := "held  ", f.Median(), f.Unit
		if !within {
			word = "MISSED"
		}
		if f.OfBase {
			value, _ = r.Ratio(f)
			unit = "of " + f.Base
		}
		at := ""
		if f.At > 0 {
			at = fmt.Sprintf(", %s %s", result.Number(float64(f.At)), f.Of)
		}
		fmt.Fprintf(out, "%s %s: %s, %s%s: %s %s (budget %s)\n", word, f.Peer, f.Step, f.Name, at, result.Number(value), unit, result.Number(f.Budget))
	}
}

// known refuses names of nobody.
func known(peers []string) error {
	all := append([]string{"Twisted"}, timers.Names()...)
	for _, p := range peer.All {
		all = append(all, p.Name)
	}
	for _, name := range peers {
		if !slices.Contains(all, name) {
			return fmt.Errorf("there is nothing called %q to measure; there are %s", name, strings.Join(all, ", "))
		}
	}
	return nil
}

// choose returns the steps with these names, or all.
func choose(names string) ([]plan.Step, error) {
	if names == "" {
		return steps, nil
	}
	var chosen []plan.Step
next:
	for name := range strings.SplitSeq(names, ",") {
		for _, s := range steps {
			if s.Name == name {
				chosen = append(chosen, s)
				continue next
			}
		}
		return nil, fmt.Errorf("there is no step %q; there are %s", name, stepNames())
	}
	return chosen, nil
}

func stepNames() string {
	names := make([]string, len(steps))
	for i, s := range steps {
		names[i] = s.Name
	}
	return strings.Join(names, ", ")
}

func difference(args []string, out io.Writer) error {
	set := flag.NewFlagSet("bench compare", flag.ContinueOnError)
	all := set.Bool("all", false, "show what did not change as well")
	if err := set.Parse(args); err != nil {
		return err
	}
	if set.NArg() != 2 {
		return errors.New("compare wants two results: OLD.json NEW.json")
	}
	before, err := result.Load(set.Arg(0))
	if err != nil {
		return err
	}
	after, err := result.Load(set.Arg(1))
	if err != nil {
		return err
	}
	return compare.Write(out, before, after, *all)
}

func redraw(args []string) error {
	if len(args) < 2 || len(args) > 3 {
		return errors.New("report wants RESULT.json REPORT.html [PICTURE.svg]")
	}
	r, err := result.Load(args[0])
	if err != nil {
		return err
	}
	if err := draw(args[1], r, page.Write); err != nil || len(args) == 2 {
		return err
	}
	return draw(args[2], r, page.Picture)
}

func draw(path string, r *result.Run, with func(io.Writer, *result.Run) error) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	return errors.Join(with(f, r), f.Close())
}
