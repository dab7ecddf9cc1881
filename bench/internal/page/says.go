package page

import (
	"fmt"
	"strings"

	"github.com/spindleweb/spindle/bench/internal/result"
)

// says puts into sentences what the run shows of us.
func says(r *result.Run, c *cast) (all []string) {
	for _, s := range []string{saysBudgets(r), saysPlaces(r, c), saysRate(r), saysFacts(r)} {
		if s != "" {
			all = append(all, s)
		}
	}
	if len(all) == 0 {
		all = append(all, fmt.Sprintf("%s measured, %s.", plural(len(r.Figures), "figure"), plural(len(c.peers), "library measured")))
	}
	return all
}

func saysBudgets(r *result.Run) string {
	var held, known int
	worst, name, by := 0.0, "", ""
	for i := range r.Figures {
		f := &r.Figures[i]
		ok, has := r.Within(f)
		if !has || len(f.Samples) == 0 {
			continue
		}
		known++
		if ok {
			held++
			continue
		}
		v := f.Median()
		if f.OfBase {
			v, _ = r.Ratio(f)
		}
		if u := used(f, v); u > worst {
			worst, name, by = u, f.Step+", "+f.Name, times(u)
			if f.At != 0 {
				name += sized(f.At, f.Of)
			}
		}
	}
	switch {
	case known == 0:
		return ""
	case held == known:
		return fmt.Sprintf("All %s are held.", plural(known, "budget"))
	}
	return fmt.Sprintf("%d of %s held; missed by most: %s, at %s its budget.", held, plural(known, "budget"), name, by)
}

// saysPlaces counts where the best of ours stands among those who do the same.
// Where the ranges of samples overlap nobody is ahead.
func saysPlaces(r *result.Run, c *cast) string {
	var ahead, level int
	var behind []string
	for _, step := range stepNames(r) {
		for _, m := range families(r, step) {
			for _, size := range m.sizes {
				us, them := best(m, size, isOurs), best(m, size, func(p string) bool { return !isOurs(p) && !isBare(p) })
				if us == nil || them == nil {
					continue
				}
				ulo, uhi := bounds(us)
				tlo, thi := bounds(them)
				switch {
				case ulo <= thi && tlo <= uhi:
					level++
				case (us.Median() > them.Median()) == m.more:
					ahead++
				default:
					what := step + ", " + m.Name
					if size != 0 {
						what += sized(size, m.Of)
					}
					behind = append(behind, fmt.Sprintf("%s (%s: %s against %s)", what, them.Peer,
						result.Number(them.Median()), withUnit(us.Median(), m.Unit)))
				}
			}
		}
	}
	n := ahead + level + len(behind)
	if n == 0 {
		return ""
	}
	s := fmt.Sprintf("Of %s that others have too, the best of ours leads in %d, is level with the best other in %d (ranges overlap) and behind in %d", plural(n, "figure"), ahead, level, len(behind))
	const named = 4
	if len(behind) == 0 {
		return s + "."
	}
	more := ""
	if len(behind) > named {
		more = fmt.Sprintf("; and %d more", len(behind)-named)
		behind = behind[:named]
	}
	return s + ": " + strings.Join(behind, "; ") + more + "."
}

// best returns the best figure of a family at a size among some peers, or nil.
func best(m *family, size int, who func(string) bool) (found *result.Figure) {
	for _, f := range m.figures {
		if f.At != size || !who(f.Peer) || len(f.Samples) == 0 {
			continue
		}
		if found == nil || f.Median() != found.Median() && (f.Median() > found.Median()) == m.more {
			found = f
		}
	}
	return found
}

// saysRate compares the first rate that has a base.
func saysRate(r *result.Run) string {
	for _, step := range stepNames(r) {
		for _, m := range families(r, step) {
			size := m.sizes[len(m.sizes)-1]
			us := best(m, size, isOurs)
			if us == nil || !m.more || len(m.bases) == 0 {
				continue
			}
			ratio, ok := r.Ratio(us)
			if !ok {
				continue
			}
			s := fmt.Sprintf("%s, %s: %s keeps %.0f\u00a0%% of bare %s", capital(step), m.title(), us.Peer, 100*ratio, us.Base)
			if them := best(m, size, func(p string) bool { return !isOurs(p) && !isBare(p) }); them != nil {
				if ratio, ok := r.Ratio(them); ok {
					s += fmt.Sprintf("; the best other, %s, %.0f\u00a0%%", them.Peer, 100*ratio)
				}
			}
			return s + "."
		}
	}
	return ""
}

func saysFacts(r *result.Run) string {
	var us, usGood, they, theyGood int
	for _, f := range r.Facts {
		if f.Verdict == result.None {
			continue
		}
		n, good := &they, &theyGood
		if isOurs(f.Peer) {
			n, good = &us, &usGood
		}
		*n++
		if f.Verdict == result.Good {
			*good++
		}
	}
	if us == 0 || they == 0 {
		return ""
	}
	return fmt.Sprintf("Of the checks of what is right, ours pass %d of %d, the others together %d of %d of those that apply to them.", usGood, us, theyGood, they)
}
