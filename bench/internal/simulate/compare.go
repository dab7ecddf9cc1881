package simulate

import (
	"errors"
	"fmt"
	"io"
	"math"
	"text/tabwriter"
	"time"
)

// sigmas is by how many standard deviations a count may differ from its
// prediction: further off comes by chance once in two million times.
const sigmas = 5

// compare prints what was predicted beside what was measured, and returns an
// error if they differ by more than chance and the lag of the events explain.
func compare(d *day, m *measured, k costs, out io.Writer) error {
	p := printer{Writer: tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)}
	scale := float64(d.scale)
	whole := d.whole()
	seconds := d.day.Seconds()
	var errs []error
	row := func(name string, predicted, measured, chance float64) {
		p.row(name, count(predicted), count(measured), deviation(predicted, measured), allowance(chance, predicted))
		if chance > 0 && math.Abs(measured-predicted) > chance {
			errs = append(errs, fmt.Errorf("%s: %s predicted, %s measured", name, count(predicted), count(measured)))
		}
	}
	// Both have the error of counting: the sample with each session standing
	// for scale of them.
	chance := func(n, weight float64) float64 { return sigmas * math.Sqrt(n*weight*(scale+1)) }
	// In the time by which events were late at most, so many come and go.
	moving := (whole.arrivals + whole.over) * (m.lag + 2*breath).Seconds()

	p.text("%s sessions in %v, one in %s in virtual time and all in real time", count(float64(d.sessions)), d.day, count(scale))
	p.row("", "predicted", "measured", "deviation", "allowed")
	for i, t := range d.parts {
		live := t.live * scale
		at := d.day / time.Duration(len(d.parts)) * time.Duration(i)
		row("sessions live from "+clock(at, d.day), live, m.live[i], chance(live, 1)+moving)
	}
	made := seconds * whole.arrivals
	row("sessions made", made, m.made, chance(made, 1)+moving)
	// The number of requests of a session is geometric: its mean square is 2r²-r.
	r := d.requests
	requests := seconds * whole.requests
	row("requests", requests, m.requests, chance(made, 2*r*r-r)+r*moving)
	ends := seconds * whole.over
	row("ends, each with its call", ends, m.called, chance(ends, 1)+moving)
	row("ends a second", whole.over, m.called/seconds, 0)
	row("bytes of heap a session", k.bytes, m.bytes, 0)
	p.text("memory: %.0f MiB of live heap predicted for the most that lived at once; the process grew by %.0f MiB, garbage included",
		k.bytes*m.peak/(1<<20), float64(m.resident)/(1<<20))
	p.text("processor: %v predicted for the sessions; %v in all, with the program that makes the requests",
		time.Duration(1e9*seconds*k.share(whole)).Round(time.Millisecond), m.processor.Round(time.Millisecond))
	p.text("filed again: %s predicted; a Manager does not tell", count(seconds*whole.refiled))
	p.text("ended early: %d; calls after closing: %s of %s; worst late: %v in real time, %v in virtual; events at most %v late",
		m.early, count(float64(m.after)), count(m.made), m.late.Round(time.Microsecond), d.late.worst.Round(time.Microsecond), m.lag.Round(time.Microsecond))
	if m.missed > 0 {
		p.text("%d requests came after their session's end, as they were late", m.missed)
	}
	if m.early > 0 {
		errs = append(errs, fmt.Errorf("%d sessions ended early", m.early))
	}
	if m.after != int64(m.made) {
		errs = append(errs, fmt.Errorf("%s sessions were made, but %d calls", count(m.made), m.after))
	}
	if p.err == nil {
		p.err = p.Flush()
	}
	return errors.Join(append(errs, p.err)...)
}

func deviation(predicted, measured float64) string {
	if predicted == 0 {
		return ""
	}
	return fmt.Sprintf("%+.2f %%", 100*(measured/predicted-1))
}

func allowance(chance, predicted float64) string {
	if chance == 0 || predicted == 0 {
		return ""
	}
	return fmt.Sprintf("±%.2f %%", 100*chance/predicted)
}
