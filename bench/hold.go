//go:build hold

package main

import (
	_ "github.com/alexedwards/scs/v2"
	_ "github.com/fasthttp/session/v2"
	_ "github.com/fasthttp/session/v2/providers/memory"
	_ "github.com/gofiber/fiber/v2/middleware/session"
	_ "github.com/gofiber/fiber/v3/middleware/session"
	_ "github.com/gorilla/sessions"
	_ "github.com/icza/session"
	_ "github.com/kataras/iris/v12/sessions"
	_ "github.com/siddontang/go/timingwheel"
	_ "github.com/stretchr/testify/require"
	_ "github.com/zeromicro/go-zero/core/collection"
	_ "golang.org/x/perf/benchmath"
	_ "gonum.org/v1/plot"
	_ "gonum.org/v1/plot/vg/vgsvg"
	_ "github.com/RussellLuo/timingwheel"
	_ "github.com/ouqiang/timewheel"
	_ "github.com/HdrHistogram/hdrhistogram-go"
)
