package drills_test

import (
	"flag"
	"log"
	"os"
	"testing"
)

// TestMain makes a worker of this program if the environment says so: the
// processes of the drills are the test itself, run once more.
func TestMain(m *testing.M) {
	if orders := os.Getenv(ordersName); orders != "" {
		work(orders)
		return
	}
	// Most of the time the drills wait. The command line may say otherwise.
	if err := flag.Set("test.parallel", "3"); err != nil {
		log.Fatal(err)
	}
	os.Exit(m.Run())
}
