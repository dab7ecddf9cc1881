package storetest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spindleweb/spindle/session"
)

// The methods of Faulty that make it a Store.

func (f *Faulty) Create(ctx context.Context, key session.StoreKey, r session.Record) error {
	return only(ctx, f, "Create", 1, func() error { return f.Store.Create(ctx, key, r) })
}

func (f *Faulty) Load(ctx context.Context, key session.StoreKey) (session.Record, error) {
	return call(ctx, f, "Load", 1, func() (session.Record, error) { return f.Store.Load(ctx, key) })
}

func (f *Faulty) Save(ctx context.Context, key session.StoreKey, c session.Change) (uint64, error) {
	return call(ctx, f, "Save", 1, func() (uint64, error) { return f.Store.Save(ctx, key, c) })
}

func (f *Faulty) Touch(ctx context.Context, all []session.Touch) ([]uint64, error) {
	return call(ctx, f, "Touch", len(all), func() ([]uint64, error) { return f.Store.Touch(ctx, all) })
}

func (f *Faulty) Exists(ctx context.Context, key session.StoreKey) (bool, error) {
	return call(ctx, f, "Exists", 1, func() (bool, error) { return f.Store.Exists(ctx, key) })
}

func (f *Faulty) Claim(ctx context.Context, keys []session.StoreKey, t session.Terms) ([]session.Claim, error) {
	return call(ctx, f, "Claim", len(keys), func() ([]session.Claim, error) { return f.Store.Claim(ctx, keys, t) })
}

func (f *Faulty) Due(ctx context.Context, limit int, grace time.Duration, t session.Terms) ([]session.Claim, error) {
	return call(ctx, f, "Due", 0, func() ([]session.Claim, error) {
		claims, err := f.Store.Due(ctx, limit, grace, t)
		f.count("Due", 0, len(claims))
		return claims, err
	})
}

func (f *Faulty) Ack(ctx context.Context, keys []session.StoreKey) error {
	return only(ctx, f, "Ack", len(keys), func() error { return f.Store.Ack(ctx, keys) })
}

func (f *Faulty) AdjustTime(ctx context.Context, delta time.Duration) error {
	return only(ctx, f, "AdjustTime", 0, func() error {
		if a, is := f.Store.(session.Adjuster); is {
			return a.AdjustTime(ctx, delta)
		}
		return fmt.Errorf("storetest: AdjustTime: %w", errors.ErrUnsupported)
	})
}

func (f *Faulty) SetAside(ctx context.Context, key session.StoreKey) error {
	return only(ctx, f, "SetAside", 1, func() error {
		if q, is := f.Store.(session.Quarantiner); is {
			return q.SetAside(ctx, key)
		}
		return fmt.Errorf("storetest: SetAside: %w", errors.ErrUnsupported)
	})
}
