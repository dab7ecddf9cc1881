package page

import (
	"cmp"
	"slices"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// within labels distributions beside their lines, each where its label is clear
// of all lines and of the other labels, the higher the further to the left if
// there is a choice.
func (l *lines) within(c draw.Canvas, x, y func(float64) vg.Length, top float64) {
	order := slices.Clone(l.lines)
	slices.SortStableFunc(order, func(a, b line) int { return cmp.Compare(crossing(a, top/2), crossing(b, top/2)) })
	const high = 5 // half of a label's height
	value := func(at vg.Length) float64 { return top * float64((at-y(0))/(y(top)-y(0))) }
	var taken []vg.Rectangle
	clear := func(box vg.Rectangle) bool {
		if box.Min.X < c.Min.X || box.Max.X > c.Max.X+12 {
			return false
		}
		for _, t := range taken {
			if box.Min.X < t.Max.X && t.Min.X < box.Max.X && box.Min.Y < t.Max.Y && t.Min.Y < box.Max.Y {
				return false
			}
		}
		for _, one := range order {
			// Where lines rise they are between these while at the box's height.
			from, to := x(crossing(one, value(box.Min.Y))), x(crossing(one, value(box.Max.Y)))
			if from < box.Max.X && box.Min.X < to {
				return false
			}
		}
		return true
	}
	const levels = 24
	for i, one := range order {
		st := l.label(one)
		w := st.Width(clean(one.says))
		want := levels - 2 - (levels-4)*i/max(1, len(order)-1)
		place := func(level int, left bool) (vg.Point, vg.Rectangle) {
			at := top * float64(level) / levels
			pt := vg.Point{Y: y(at)}
			if left {
				pt.X = x(crossing(one, value(pt.Y-high))) - gap - w
			} else {
				pt.X = x(crossing(one, value(pt.Y+high))) + gap
			}
			return pt, vg.Rectangle{Min: vg.Point{X: pt.X - 3, Y: pt.Y - high}, Max: vg.Point{X: pt.X + w + 3, Y: pt.Y + high}}
		}
		pt, box := place(want, false)
	search:
		for off := range 2 * levels {
			level := want + (off+1)/2*(1-2*(off%2))
			if level < 1 || level >= levels {
				continue
			}
			for _, left := range []bool{false, true} {
				if p, b := place(level, left); clear(b) {
					pt, box = p, b
					break search
				}
			}
		}
		taken = append(taken, box)
		put(c, st, pt, clean(one.says))
	}
}

// crossing returns where a line that rises reaches a level, or its end.
func crossing(l line, level float64) float64 {
	for i, v := range l.at {
		if v[1] < level {
			continue
		}
		if i == 0 || v[1] == l.at[i-1][1] {
			return v[0]
		}
		u := l.at[i-1]
		return u[0] + (v[0]-u[0])*(level-u[1])/(v[1]-u[1])
	}
	return l.at[len(l.at)-1][0]
}

// spreadOut moves the values of at, in their order, so far apart that they are at
// least by from each other, and keeps them between lo and hi if there is room.
func spreadOut(at []vg.Length, by, lo, hi vg.Length) {
	order := make([]int, len(at))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(at[a], at[b]) })
	// Neighbours that are too near each other become a block around their middle.
	type block struct {
		first, n int
		sum      vg.Length // of what the values want, each less its offset in the block
	}
	start := func(b block) vg.Length {
		return max(lo, min(b.sum/vg.Length(b.n), hi-by*vg.Length(b.n-1)))
	}
	var blocks []block
	for i, k := range order {
		b := block{i, 1, at[k]}
		for len(blocks) > 0 {
			last := blocks[len(blocks)-1]
			if start(last)+by*vg.Length(last.n) <= start(b) {
				break
			}
			b = block{last.first, last.n + b.n, last.sum + b.sum - by*vg.Length(last.n*b.n)}
			blocks = blocks[:len(blocks)-1]
		}
		blocks = append(blocks, b)
	}
	for _, b := range blocks {
		for i := range b.n {
			at[order[b.first+i]] = start(b) + by*vg.Length(i)
		}
	}
}
