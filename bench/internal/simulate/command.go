package simulate

import (
	"context"
	"flag"
	"fmt"
	"io"
	"time"
)

// Command passes a day as the flags in args say, and prints what it came to.
func Command(ctx context.Context, args []string, out io.Writer) error {
	c, checks, err := parse(args, out)
	if err != nil {
		return err
	}
	if checks {
		return check(ctx, c, out)
	}
	k, err := measureCosts(ctx, costSessions)
	if err != nil {
		return fmt.Errorf("simulate: measuring costs: %w", err)
	}
	d, err := pass(ctx, c)
	if d == nil {
		return fmt.Errorf("simulate: %w", err)
	}
	if err := d.report(out, k); err != nil {
		return err
	}
	fmt.Fprintf(out, "passed in %v, all clocks in steps of %v\n", d.took.Round(10*time.Millisecond), d.steps.Round(time.Millisecond))
	if err != nil {
		return fmt.Errorf("simulate: %w", err)
	}
	return nil
}

// costSessions is how many sessions costs are measured with: far more than fit
// the caches.
const costSessions = 400_000

// parse reads the command line.
func parse(args []string, out io.Writer) (c *config, checks bool, err error) {
	c = new(config)
	*c = hundredMillion()
	set := flag.NewFlagSet("simulate", flag.ContinueOnError)
	set.SetOutput(out)
	set.BoolVar(&checks, "check", false, "pass a smaller day in virtual and in real time, and compare")
	c.flags(set)
	if err := set.Parse(args); err != nil {
		return nil, false, err
	}
	if set.NArg() > 0 {
		return nil, false, fmt.Errorf("simulate: unknown argument %q", set.Arg(0))
	}
	if checks {
		// The check begins with other values, which flags change as well.
		*c = million()
		set := flag.NewFlagSet("simulate", flag.ContinueOnError)
		set.SetOutput(out)
		set.Bool("check", false, "")
		c.flags(set)
		if err := set.Parse(args); err != nil {
			return nil, false, err
		}
	}
	if err := c.validate(); err != nil {
		return nil, false, fmt.Errorf("simulate: %w", err)
	}
	return c, checks, nil
}
