const undefined = 1;
