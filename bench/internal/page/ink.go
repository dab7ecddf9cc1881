package page

import (
	"fmt"
	"image/color"
	"slices"
	"strconv"
	"strings"

	"github.com/spindleweb/spindle/bench/internal/result"
)

// An ink is a colour with a second one for dark backgrounds. Plots are drawn in
// the light one; its class lets a style sheet put the other in its place.
type ink struct {
	class       string
	light, dark string
}

var (
	text  = ink{"text", "#1F2328", "#E6EDF3"}
	muted = ink{"muted", "#656D76", "#9198A1"}
	faint = ink{"faint", "#E1E4E8", "#30363D"}
	card  = ink{"card", "#FFFFFE", "#161B22"} // not quite white, so that no other ink is the same
	base  = ink{"base", "#9AA1AA", "#7D8590"}
)

// Ours stand out: no other ink is warm.
var ours = []ink{
	{"o0", "#E8590C", "#FF8038"},
	{"o1", "#F4A261", "#C9733A"},
}

// others are close to Paul Tol's muted scheme, told apart by the colour-blind
// too, without its warm hues; the dark ones are the same a little lighter.
var others = []ink{
	{"c0", "#44799E", "#6CA6D0"},
	{"c1", "#3A9D8F", "#4FBFAC"},
	{"c2", "#5B4FA8", "#8C7FE0"},
	{"c3", "#8A8A2B", "#B9B94E"},
	{"c4", "#A64C98", "#D070C0"},
	{"c5", "#2F7D4F", "#4FAE72"},
	{"c6", "#6BA7CF", "#9AD8F6"},
	{"c7", "#8C4A63", "#C2718F"},
}

func inks() []ink {
	return slices.Concat([]ink{text, muted, faint, card, base}, ours, others)
}

// RGBA makes an ink a color.Color.
func (i ink) RGBA() (r, g, b, a uint32) {
	v, _ := strconv.ParseUint(i.light[1:], 16, 32)
	return color.RGBA{R: uint8(v >> 16), G: uint8(v >> 8), B: uint8(v), A: 0xFF}.RGBA()
}

// darkCSS is the style sheet that puts the dark inks in place of the light ones.
func darkCSS() string {
	var b strings.Builder
	for _, i := range inks() {
		fmt.Fprintf(&b, ".f-%[1]s{fill:%[2]s}.s-%[1]s{stroke:%[2]s}", i.class, i.dark)
	}
	return "@media (prefers-color-scheme:dark){" + b.String() + "}"
}

// A cast knows who takes part in a run and gives each an ink, the same
// everywhere.
type cast struct {
	peers []string // in order of appearance
	ink   map[string]ink
}

func newCast(r *result.Run) *cast {
	c := &cast{ink: make(map[string]ink)}
	meet := func(peer string) {
		if !slices.Contains(c.peers, peer) {
			c.peers = append(c.peers, peer)
		}
	}
	// Grey is what others stand on and itself stands on nothing.
	under, stands := make(map[string]bool), make(map[string]bool)
	for _, f := range r.Figures {
		meet(f.Peer)
		if f.Base != "" && f.Base != f.Peer {
			under[f.Base], stands[f.Peer] = true, true
		}
	}
	for _, v := range r.Curves {
		meet(v.Peer)
	}
	for _, v := range r.Facts {
		meet(v.Peer)
	}
	var we, they int
	for _, p := range c.peers {
		switch {
		case isOurs(p):
			c.ink[p] = ours[we%len(ours)]
			we++
		case isBare(p) || under[p] && !stands[p]:
			c.ink[p] = base
		default:
			c.ink[p] = others[they%len(others)]
			they++
		}
	}
	return c
}

// isOurs reports whether a peer is Spindle or a part of it:
// "spindle", "spindle/session", "spindle, callbacks".
func isOurs(peer string) bool {
	rest, ok := strings.CutPrefix(peer, "spindle")
	return ok && (rest == "" || strings.ContainsRune("/, ", rune(rest[0])))
}

// isBare reports whether a peer is a server without sessions, with which nobody
// competes.
func isBare(peer string) bool { return peer == "fasthttp" || peer == "net/http" }
