package page

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/spindleweb/spindle/bench/internal/result"
)

// says puts into sentences what the run shows of us.
func says(r *result.Run, c *cast) (all []string) {
	for _, s := range []string{saysRate(r), saysPlaces(r), saysBudgets(r), saysFacts(r)} {
		if s != "" {
			all = append(all, s)
		}
	}
	if len(all) == 0 {
		all = append(all, fmt.Sprintf("%s of %s measured.", plural(len(r.Figures), "figure"), plural(len(c.peers), "peer")))
	}
	return all
}

func saysBudgets(r *result.Run) string {
	var held, known int
	worst, name := 0.0, ""
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
			worst, name = u, quoted(f.Step, f.Name)
		}
	}
	switch {
	case known == 0:
		return ""
	case held == known:
		return fmt.Sprintf("All %s are held.", plural(known, "budget"))
	}
	return fmt.Sprintf("%d of %s are held; missed by most is that of %s, at %s of it.", held, plural(known, "budget"), name, times(worst))
}

// nothing is more than what is next to nothing, in whatever unit.
const nothing = 0.05

// saysPlaces counts where the best of ours stands among those who do the same.
// Where the bounds of samples overlap, or both are next to nothing, nobody is
// ahead. What stands on different bases is left out: they would be compared, too.
func saysPlaces(r *result.Run) string {
	type lost struct {
		by         float64
		name, says string
	}
	var ahead, level int
	var behind []lost
	for _, step := range stepNames(r) {
		for _, m := range families(r, step) {
			if len(m.bases) > 1 {
				continue
			}
			for _, size := range m.sizes {
				us, them := best(m, size, isOurs), best(m, size, func(p string) bool { return !isOurs(p) && !isBare(p) })
				if us == nil || them == nil {
					continue
				}
				ulo, uhi := bounds(us)
				tlo, thi := bounds(them)
				u, t := us.Median(), them.Median()
				switch {
				case ulo <= thi && tlo <= uhi, math.Abs(u) < nothing && math.Abs(t) < nothing:
					level++
				case (u > t) == m.more:
					ahead++
				default:
					behind = append(behind, lost{max(u/t, t/u), quoted(step, m.Name), fmt.Sprintf("%s has %s, we %s",
						them.Peer, result.Number(t), withUnit(u, m.Unit))})
				}
			}
		}
	}
	n := ahead + level + len(behind)
	if n == 0 {
		return ""
	}
	s := fmt.Sprintf("Of %s that others have too, the best of ours leads in %d, is level with the best other in %d (whiskers overlap) and behind in %d", plural(n, "figure"), ahead, level, len(behind))
	if len(behind) == 0 {
		return s + "."
	}
	slices.SortStableFunc(behind, func(a, b lost) int { return cmp.Compare(b.by, a.by) })
	var names, worst []string
	for _, l := range behind {
		if len(worst) < 3 && !slices.Contains(names, l.name) {
			names, worst = append(names, l.name), append(worst, l.name+": "+l.says)
		}
	}
	return s + ", by most in " + strings.Join(worst, "; ") + "."
}

// quoted names a figure within a sentence.
func quoted(step, name string) string { return "“" + name + "” (" + step + ")" }

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
