process.stdout.write('engine\n');
