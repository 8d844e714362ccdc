process.stdout.write('whence\n');
