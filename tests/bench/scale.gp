# The table of scale.py as a picture: cost against size, each relative to the smallest size. What grows with the tasks would
# follow the broken line.
set terminal svg size 760,460 font "sans-serif,13" background "white"
set output picture
set datafile separator "\t"
set logscale xy
set autoscale xfix
set format x "10^{%L}"
set xlabel "open tasks"
set ylabel "cost, compared with that at the smallest size"
set key left top reverse Left
set grid
set yrange [0.1:*]
set linetype 5 linecolor rgb "#7f7f7f"
plot for [i=2:columns] table using 1:i with linespoints linewidth 2 pointtype 7 title columnheader(i), \
     table using 1:($1 / smallest) with lines dashtype 2 linecolor rgb "#404040" title "as the number of tasks"
