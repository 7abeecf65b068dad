# The table of scale.py as a picture: cost against size, each relative to the smallest size.
set terminal svg size 900,520 font "DejaVu Sans,13" background "white"
set output picture
set datafile separator "\t"
set logscale xy
set format x "10^{%L}"
set xlabel "open tasks"
set ylabel "cost, compared with that at the smallest size"
set key left top reverse Left
set grid
set yrange [0.1:*]
plot for [i=2:columns] table using 1:i with linespoints linewidth 2 pointtype 7 title columnheader(i)
