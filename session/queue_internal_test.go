package session

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		tries := map[int]int{}
		q := &queue[int]{most: 7}
		q.do = func(batch []int) (again []int) {
			mu.Lock()
			defer mu.Unlock()
			if len(batch) > 7 || len(batch) == 0 {
				t.Errorf("%d at once", len(batch))
			}
			for _, n := range batch {
				if tries[n]++; tries[n] < n%4 {
					again = append(again, n)
				}
			}
			return again
		}
		var all sync.WaitGroup
		for i := range 10 {
			all.Go(func() {
				for j := range 20 {
					q.put(20*i + j)
				}
			})
		}
		all.Wait()
		require.Zero(t, q.wait(t.Context()))
		require.Zero(t, q.len())
		require.Len(t, tries, 200)
		for n, times := range tries {
			require.Equal(t, max(n%4, 1), times, n)
		}
		require.Zero(t, q.wait(t.Context()), "nothing to wait for")
	})
}

func TestQueueThatGetsNothingDone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		q := &queue[int]{most: 2, do: func(batch []int) []int { calls++; return batch }}
		q.put(1, 2, 3)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		require.Equal(t, 3, q.wait(ctx))
		require.Less(t, calls, 50, "it does not spin")
		q.stop()
		synctest.Wait()
		require.Zero(t, q.wait(context.Background()), "what is forgotten is not waited for")
		q.put(4)
		require.Zero(t, q.wait(context.Background()))
		time.Sleep(time.Second)
		require.Zero(t, q.len())
	})
}

func TestQueueStoppedWhileSomebodyWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := &queue[int]{most: 2, do: func([]int) []int { time.Sleep(time.Minute); return nil }}
		q.put(1, 2, 3)
		done := make(chan int)
		go func() { done <- q.wait(context.Background()) }()
		time.Sleep(time.Second)
		q.stop()
		require.Zero(t, <-done)
		time.Sleep(time.Hour)
		require.Zero(t, q.len())
	})
}
