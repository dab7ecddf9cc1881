package simulate

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spindleweb/spindle/bench/internal/result"
)

// report prints what a day came to.
func (d *day) report(out io.Writer, k costs) error {
	p := printer{Writer: tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)}
	d.heading(&p, k)
	d.hours(&p)
	d.perNode(&p, k)
	d.wheels(&p, k)
	d.stores(&p)
	if p.err == nil {
		p.err = p.Flush()
	}
	return p.err
}

// printer keeps the first error.
type printer struct {
	*tabwriter.Writer
	err error
}

func (p *printer) line(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p, format+"\n", args...)
	}
}

// row prints the cells of a table's row.
func (p *printer) row(cells ...string) { p.line("%s\t", strings.Join(cells, "\t")) }

// text prints lines beside tables, whose columns begin anew.
func (p *printer) text(format string, args ...any) {
	if p.err == nil {
		p.err = p.Flush()
	}
	p.line(format, args...)
	if p.err == nil {
		p.err = p.Flush()
	}
}

// heading says what came out, and then of what.
func (d *day) heading(p *printer, k costs) {
	c := d.config
	live := d.onNode(func(t nodeTally, _ float64) float64 { return t.live })
	p.text("%s sessions in %v on %s: at the peak %s are alive, and each node", count(float64(c.sessions)), c.day,
		several(c.nodes, "node"), result.Number(d.peak(func(t tally) float64 { return t.live })))
	p.text("keeps %s in %.2f GiB, ends %s a second and spends %.2f %% of one core on sessions.", result.Number(live), d.gib(k, live),
		result.Number(d.onNode(func(t nodeTally, _ float64) float64 { return t.calls + t.dropped })), 100*d.onNode(k.cpu))
	p.text("Of %s ends that were passed through the code %d were early and %d at another moment than",
		count(float64(d.called)), d.early, d.astray)
	p.text("foretold; on average they were %v late, the worst %v, where rounding allows %v.",
		d.late.mean().Round(time.Millisecond), d.late.worst.Round(time.Millisecond), d.late.bound.Round(time.Millisecond))
	p.text("")
	p.text("seed %d; %.4g requests a session on average, pauses %s with mean %v, timeout %v; %.3g %% of requests stay on their node",
		c.seed, d.whole().requests/d.whole().arrivals, c.shape, c.think, c.timeouts.String(), 100*c.sticky)
	if c.lifetime > 0 || c.logout > 0 || c.hold > 0 {
		p.text("lifetime %v (0: none), %.3g %% log out, %.3g %% end with a stream of %v on average", c.lifetime, 100*c.logout, 100*c.hold, c.holdFor)
	}
	part := d.day / time.Duration(d.buckets)
	p.text("one session in %s was passed through the code, %s in all, and counts are multiplied by that;",
		count(float64(d.scale)), count(float64(d.begun)))
	p.text("peaks are means of %v, of which sampling blurs the arrivals by ±%.2g %%", part,
		100*sampling(d.peak(func(t tally) float64 { return t.arrivals })*part.Seconds()/float64(d.scale)))
}

// hours is the table of the day.
func (d *day) hours(p *printer) {
	p.text("")
	p.row("from", "sessions", "copies", "arrivals/s", "requests/s", "ends/s", "filed again/s", "store ops/s")
	row := func(name string, live, copies float64, t tally) {
		p.row(name, count(live), count(copies), count(t.arrivals), count(t.requests), count(t.over), count(t.refiled), count(t.operations()))
	}
	rows := min(24, len(d.parts))
	for i := range rows {
		t := d.part(i, rows)
		row(clock(d.day*time.Duration(i)/time.Duration(rows), d.day), t.live, t.copies, t)
	}
	row("peak",
		d.peak(func(t tally) float64 { return t.live }), d.peak(func(t tally) float64 { return t.copies }),
		tally{
			arrivals: d.peak(func(t tally) float64 { return t.arrivals }),
			requests: d.peak(func(t tally) float64 { return t.requests }),
			over:     d.peak(func(t tally) float64 { return t.over }),
			refiled:  d.peak(func(t tally) float64 { return t.refiled }),
			traffic:  traffic{creates: d.peak(func(t tally) float64 { return t.operations() })},
		})
	w, s := d.whole(), d.day.Seconds()
	p.row("total", "", "", count(s*w.arrivals), count(s*w.requests), count(s*w.over), count(s*w.refiled), count(s*w.operations()))
	p.text("sessions: alive; copies: of them, on all nodes together, as one that moves leaves a copy behind until that is idle;")
	p.text("ends: of sessions, each with its calls")
}

// perNode is the table of peaks on each node.
func (d *day) perNode(p *printer, k costs) {
	p.text("")
	p.row("at the peak", "copies", "requests/s", "made, loaded/s", "ends/s", "copies dropped/s", "GiB", "% of a core")
	live := d.nodePeaks(func(t nodeTally, _ float64) float64 { return t.live })
	columns := [][]float64{
		live,
		d.nodePeaks(func(t nodeTally, _ float64) float64 { return t.requests }),
		d.nodePeaks(func(t nodeTally, _ float64) float64 { return t.made }),
		d.nodePeaks(func(t nodeTally, _ float64) float64 { return t.calls }),
		d.nodePeaks(func(t nodeTally, _ float64) float64 { return t.dropped }),
		nil,
		d.nodePeaks(k.cpu),
	}
	for i := range d.nodes {
		columns[5] = append(columns[5], d.gib(k, live[i]))
		columns[6][i] *= 100
	}
	row := func(name string, r []float64) {
		cells := []string{name}
		for _, v := range r[:5] {
			cells = append(cells, count(v))
		}
		p.row(append(cells, fmt.Sprintf("%.2f", r[5]), fmt.Sprintf("%.2f", r[6]))...)
	}
	const most = 16
	var worst, all []float64
	for _, column := range columns {
		worst = append(worst, slices.Max(column))
		all = append(all, sum(column))
	}
	for i := range min(most, len(d.nodes)) {
		var r []float64
		for _, column := range columns {
			r = append(r, column[i])
		}
		row(fmt.Sprintf("node %d", i+1), r)
	}
	if len(d.nodes) > most {
		row(fmt.Sprintf("worst of %d", len(d.nodes)), worst)
	}
	if len(d.nodes) > 1 {
		row("added up", all)
	}
	p.text("GiB: live heap, %.0f bytes a session with the table, the wheel and one call, and %s of values; by default the", k.bytes, count(float64(d.values)))
	p.text("collector lets a process grow to twice its live heap; %% of a core: what sessions take, without the requests themselves")
	p.text("processor time measured with %s live, the collector's included: make %v, find and touch %v, file again %v, end %v",
		count(float64(k.live)), k.create, k.find, k.refile, k.end)
}

// wheels is what the wheels do, per life and per second.
func (d *day) wheels(p *printer, k costs) {
	w := d.whole()
	made := w.arrivals + w.loads
	var ups float64
	for _, u := range w.ups {
		ups += u
	}
	p.text("")
	p.text("wheel: filed %.3f times in a copy's life, %.3f of them again, as it had been touched since; one request in %.1f costs a filing",
		1+w.refiled/made, w.refiled/made, w.requests/max(made+w.refiled, 1e-9))
	p.text("wheel: it wakes %.2f times a second on each node at the peak, for %s entries that come up; one timer each would wake it %s times",
		d.peak(d.wakings), count(d.peak(func(t tally) float64 { return sum(t.ups) })/float64(len(d.nodes))),
		count(d.peak(func(t tally) float64 { return sum(t.ups) })/float64(len(d.nodes))))
	p.text("wheel: %.3f %% of a core on each node at the peak for all it does, of %.3f %% for sessions in all",
		100*d.peak(func(t tally) float64 {
			return t.refiled*k.refile.Seconds() + (t.over+t.dropped)*k.end.Seconds()
		})/float64(len(d.nodes)), 100*d.peak(k.share)/float64(len(d.nodes)))
}

// stores is what sessions that outlive their process ask of a store.
func (d *day) stores(p *printer) {
	b, w := d.busiest(), d.whole()
	p.text("")
	p.row("a store for sessions that outlive their process, modelled", "peak/s", "a day")
	for _, r := range []struct {
		name  string
		peak  float64
		whole float64
	}{
		{"create", b.creates, w.creates},
		{"load: a node that does not have it", b.loads, w.loads},
		{"load: changed elsewhere since", b.reloads, w.reloads},
		{"save what a request changed", b.saves, w.saves},
		{"touch, in batches", b.touches, w.touches},
		{"claim an end, in batches", b.claims, w.claims},
		{"end by log-out", b.disposals, w.disposals},
		{"acknowledge an end", b.acks, w.acks},
		{"operations", b.operations(), w.operations()},
	} {
		p.row(r.name, count(r.peak), count(d.day.Seconds()*r.whole))
	}
	p.row("round trips", count(d.trips(b)), "")
	p.text("touches: at most one in %s for each copy, flushed every %v in batches of %d; %.3f operations for each request",
		d.touchText(), d.flush, d.batch, w.operations()/w.requests)
	p.text("")
	p.row("machines for it at the peak", "kept busy", "to have")
	for _, s := range prices {
		busy := s.machines(b.traffic)
		p.row(s.name, fmt.Sprintf("%.2f", busy), fmt.Sprint(max(1, math.Ceil(busy/0.7))))
	}
	p.text("prices measured on two cores, which client and server shared, each kind of operation alone; to have: 70 %% busy at the peak")
	p.text("not measured alone: a claim is counted as a touch in a batch, an acknowledgement and an end by log-out as a save;")
	p.text("SQLite is one file on one machine: more than one means that the sessions are split by hand")
}

func (d *day) touchText() string {
	if d.touch > 0 {
		return d.touch.String()
	}
	if len(d.timeouts) == 1 {
		return d.touchEvery(d.timeouts[0].timeout).Round(time.Millisecond).String()
	}
	return "a 32nd of its timeout"
}

func sum(of []float64) (s float64) {
	for _, v := range of {
		s += v
	}
	return s
}

// clock shows the time of a day, or of a shorter one from its beginning.
func clock(t, day time.Duration) string {
	if day == 24*time.Hour {
		return fmt.Sprintf("%02d:%02d", int(t.Hours()), int(t.Minutes())%60)
	}
	return t.Round(time.Millisecond).String()
}

// count shows a number with its thousands apart, and small ones with a
// fraction.
func count(v float64) string {
	switch {
	case v == 0:
		return "0"
	case v < 10 && v != math.Trunc(v):
		return fmt.Sprintf("%.2f", v)
	}
	digits := strconv.FormatFloat(v, 'f', 0, 64)
	for i := len(digits) - 3; i > 0 && digits[i-1] != '-'; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

func several(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return count(float64(n)) + " " + what
}
