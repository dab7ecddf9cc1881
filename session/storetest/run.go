package storetest

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/spindleweb/spindle/session"
)

// Run runs the whole suite, each check on a store of its own, which open gives;
// these may all be the same. No check runs beside another.
func Run(t *testing.T, open func(t *testing.T) session.Store) {
	for _, g := range suite {
		t.Run(g.name, func(t *testing.T) {
			for _, c := range g.checks {
				t.Run(c.name, func(t *testing.T) { c.run(t, open(t)) })
			}
		})
	}
}

var suite = []group{
	{"Create", createChecks},
	{"Load", loadChecks},
	{"Fields", fieldChecks},
	{"Save", saveChecks},
	{"Versions", versionChecks},
	{"Times", timeChecks},
	{"Rename", renameChecks},
	{"Touch", touchChecks},
	{"Claim", claimChecks},
	{"Due", dueChecks},
	{"Ack", ackChecks},
	{"Cancelled", cancelChecks},
	{"Races", slices.Concat(raceChecks, claimRaceChecks, renameRaceChecks)},
	{"Adjuster", adjustChecks},
	{"Quarantiner", asideChecks},
	{"Model", modelChecks},
}

type group struct {
	name   string
	checks []check
}

type check struct {
	name string
	do   func(x *trial)
}

// A tester is what the checks need of a *testing.T. The suite is itself tested
// with one that fails when it should.
type tester interface {
	require.TestingT
	Helper()
}

// patience is for how long a check may hang.
const patience = 2 * time.Minute

func (c check) run(t tester, s session.Store) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	c.do(&trial{tester: t, Store: s, ctx: ctx})
}
